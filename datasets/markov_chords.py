"""Sequences of chords, each drawn given the one before: a Markov chain whose entropy no network can pass.

A piano roll with three or four of 88 notes a frame, as in chorales; the chain knows nothing of harmony or time.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.chords import chord_chain, chord_sequences
from benchmark.seeds import seed_for

KIND = "samples"
TITLE = "Markov chain of chords"
LICENCE = "made by the suite"
CITATION = "none: drawn from a seed"
STANDS_IN_FOR = "the piano rolls of Boulanger-Lewandowski, Bengio and Vincent (ICML 2012)"


def load(
    folder: Path,
    *,
    realisations: int = 2,
    chords: int = 24,
    concentration: float = 0.2,
    train: int = 60,
    validation: int = 20,
    test: int = 20,
    frames: int = 60,
) -> list[Item]:
    """Return the frames (frames x 88) of all sequences, of `realisations` of the chain, each an item.

    The extras are the `lengths` (n,) of the sequences, and `split`, whether each is for training (0), validation (1) or
    testing (2); and of the chain, the chords `states` (chords x 88) and `following` (chords x 88), the probability of
    each note after each chord.
    """
    items = []
    for realisation in range(realisations):
        rng = np.random.default_rng(seed_for(realisation, str(chords), str(concentration)))
        states, transitions = chord_chain(88, chords, concentration, rng)
        sequences = chord_sequences(states, transitions, train + validation + test, frames, rng)
        extras = {
            "lengths": np.full(len(sequences), frames),
            "split": np.repeat([0, 1, 2], [train, validation, test]),
            "states": states,
            "following": transitions @ states,
        }
        items.append(Item(f"chain-{realisation}", sequences.reshape(-1, 88), extras=extras))
    return items
