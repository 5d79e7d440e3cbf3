"""A recurrent network that predicts Bach's chorales, trained here from a seed, its matrices to be compressed.

The network and its training are those of Tjandra, Sakti and Nakamura (2020), arXiv 1802.10410: an input of 256 and a
state of 512, and the epoch of lowest validation loss. The chorales are those of `polyphonic_music`.
"""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from benchmark.algorithms.gated_recurrent import Recipe
from benchmark.contract import Item
from benchmark.loaders.recurrent import trained_gru

KIND = "layers"
TITLE = "Recurrent network of chorales"
LICENCE = "of the chorales not stated; their files are part of code under MIT"
CITATION = (
    "Boulanger-Lewandowski, Bengio, Vincent: Modeling Temporal Dependencies in High-Dimensional Sequences: Application "
    "to Polyphonic Music Generation and Transcription. ICML 2012"
)
STANDS_IN_FOR = None
REGISTRY = "polyphonic_music"
INPUTS, OUTPUTS = (4, 4, 4, 4), (8, 4, 4, 4)
TUNING = (2, 1e-3, 16)  # epochs, learning rate, sequences in a batch


def load(folder: Path, *, reduction: float = 16, networks: int = 1, epochs: int = 50) -> list[Item]:
    """Return the two matrices of each of several trained networks, whose numbers are to be cut `reduction` times."""
    parts = [loadmat(folder / "JSB_Chorales.mat")[part][0] for part in ("traindata", "validdata", "testdata")]
    rolls = [roll for part in parts for roll in part]
    lengths, split = np.array([len(roll) for roll in rolls]), np.repeat([0, 1, 2], [len(part) for part in parts])
    recipe = Recipe(learning_rate=2.5e-3, dropout=0.3, epochs=epochs, batch=16, start="plain")
    frames = np.concatenate(rolls).astype(np.float32)
    return [
        trained_gru(f"seed-{network}", frames, lengths, split, INPUTS, OUTPUTS, recipe, TUNING, reduction, network)
        for network in range(networks)
    ]
