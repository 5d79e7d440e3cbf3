"""A recurrent network that predicts Bach's chorales, trained here from a seed, its matrices to be compressed.

The network and its training are those of Tjandra, Sakti and Nakamura (2020), arXiv 1802.10410: an input of 256 and a
state of 512, and the epoch of lowest validation loss. The chorales are those of `polyphonic_music`.
"""

from pathlib import Path

from benchmark.algorithms.gated_recurrent import Recipe
from benchmark.contract import Item
from benchmark.loaders.recurrent import trained_gru
from benchmark.loaders.rolls import read_rolls

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
    rolls = read_rolls(folder / "JSB_Chorales.mat")
    recipe = Recipe(learning_rate=2.5e-3, dropout=0.3, epochs=epochs, batch=16, start="plain")
    return [
        trained_gru(f"seed-{network}", *rolls, INPUTS, OUTPUTS, recipe, TUNING, reduction, network)
        for network in range(networks)
    ]
