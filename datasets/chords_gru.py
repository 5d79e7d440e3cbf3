"""A recurrent network that predicts chords of a Markov chain, trained here from a seed, its matrices to be compressed.

The chain is that of `markov_chords`; the input and the state of the gated recurrent unit have 64 numbers each, and the
network is that of the epoch of lowest validation loss.
"""

from pathlib import Path

import numpy as np

from benchmark.algorithms.gated_recurrent import Recipe
from benchmark.contract import Item
from benchmark.loaders.chords import chord_chain, chord_sequences
from benchmark.loaders.recurrent import trained_gru
from benchmark.seeds import seed_for

KIND = "layers"
TITLE = "Recurrent network of chords"
LICENCE = "made by the suite"
CITATION = "none: drawn and trained from seeds"
STANDS_IN_FOR = "the networks of polyphonic music of Tjandra, Sakti and Nakamura (2020)"
MODES = (4, 4, 4)
SIZES = (60, 20, 20)  # training, validation and test sequences
TUNING = (3, 1e-3, 4)  # epochs, learning rate, sequences in a batch


def load(
    folder: Path,
    *,
    reduction: float = 8,
    networks: int = 1,
    epochs: int = 20,
    frames: int = 60,
    chords: int = 24,
    concentration: float = 0.2,
) -> list[Item]:
    """Return the two matrices of each of several trained networks, of a chain each.

    The numbers of both are to be reduced `reduction` times. Raises ValueError for sequences of a frame, which predict
    none, and for no networks, epochs or chords.
    """
    if min(networks, epochs, chords, frames - 1) < 1:
        raise ValueError(
            f"{networks} networks, {epochs} epochs, {chords} chords and sequences of {frames} frames: give 1 or more "
            "of each, and 2 or more frames"
        )
    items = []
    for network in range(networks):
        rng = np.random.default_rng(seed_for(network, str(chords), str(concentration)))
        states, transitions = chord_chain(88, chords, concentration, rng)
        sequences = chord_sequences(states, transitions, sum(SIZES), frames, rng).reshape(-1, 88)
        lengths, split = np.full(sum(SIZES), frames), np.repeat([0, 1, 2], SIZES)
        recipe = Recipe(learning_rate=2.5e-3, dropout=0.3, epochs=epochs, batch=4, start="marginals")
        items.append(
            trained_gru(f"seed-{network}", sequences, lengths, split, MODES, MODES, recipe, TUNING, reduction, network)
        )
    return items
