"""Piano rolls of folk tunes, chorales, piano and orchestral music, a frame 88 notes (MIDI 21 to 108), on or off.

Training, validation and test sequences are those of the citation, whose files are pickles; these are the same rolls as
MATLAB files, published with the TCN of Bai, Kolter and Koltun (2018).
"""

from pathlib import Path
from typing import Literal

import numpy as np
from scipy.io import loadmat

from benchmark.contract import Item

KIND = "samples"
TITLE = "Polyphonic music"
LICENCE = "code MIT; terms of the music collections not stated"
CITATION = (
    "Boulanger-Lewandowski, Bengio, Vincent: Modeling Temporal Dependencies in High-Dimensional Sequences: Application "
    "to Polyphonic Music Generation and Transcription. ICML 2012"
)
STANDS_IN_FOR = None

FILES = {"nottingham": "Nottingham", "jsb": "JSB_Chorales", "piano_midi": "Piano_midi", "musedata": "MuseData"}
# The place of a key is the number of the part in the extra `split`.
PARTS = ("traindata", "validdata", "testdata")


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
    path = folder / f"{FILES[collection]}.mat"
    try:
        parts = [loadmat(path)[part][0][:sequences] for part in PARTS]
    except (ValueError, KeyError, IndexError, TypeError, NotImplementedError) as error:
        raise ValueError(f"{path} is no MATLAB file with the cells {', '.join(PARTS)}: download it again") from error
    rolls = [roll for part in parts for roll in part]
    if not all(roll.ndim == 2 and roll.shape[1] == 88 and np.isin(roll, (0, 1)).all() for roll in rolls):
        raise ValueError(f"{path} holds other sequences than frames x 88 of zeros and ones: download it again")
    split = np.repeat(np.arange(3), [len(part) for part in parts])
    extras = {"lengths": np.array([len(roll) for roll in rolls]), "split": split}
    return [Item(collection, np.concatenate(rolls).astype(np.float32), extras=extras)]
