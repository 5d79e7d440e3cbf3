"""Piano rolls of folk tunes, chorales, piano and orchestral music, a frame 88 notes (MIDI 21 to 108), on or off.

Training, validation and test sequences are those of the citation, whose files are pickles; these are the same rolls as
MATLAB files, published with the TCN of Bai, Kolter and Koltun (2018).
"""

from pathlib import Path
from typing import Literal

from benchmark.contract import Item
from benchmark.loaders.rolls import read_rolls

KIND = "samples"
TITLE = "Polyphonic music"
LICENCE = "code MIT; terms of the music collections not stated"
CITATION = (
    "Boulanger-Lewandowski, Bengio, Vincent: Modeling Temporal Dependencies in High-Dimensional Sequences: Application "
    "to Polyphonic Music Generation and Transcription. ICML 2012"
)
STANDS_IN_FOR = None

FILES = {"nottingham": "Nottingham", "jsb": "JSB_Chorales", "piano_midi": "Piano_midi", "musedata": "MuseData"}


def load(
    folder: Path,
    *,
    collection: Literal["nottingham", "jsb", "piano_midi", "musedata"] = "jsb",
    sequences: int | None = None,
) -> list[Item]:
    """Return the frames (frames x 88) of all sequences of a collection, one after the other.

    The extras are the `lengths` (n,) of the sequences in frames, and `split`, whether each is for training (0),
    validation (1) or testing (2). `sequences` keeps the first ones of each part. Raises ValueError for a file that is
    no MATLAB file of plain rolls; one that is a pickle is not executed.
    """
    frames, lengths, split = read_rolls(folder / f"{FILES[collection]}.mat", sequences)
    return [Item(collection, frames, extras={"lengths": lengths, "split": split})]
