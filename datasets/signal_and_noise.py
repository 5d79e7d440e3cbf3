"""A hyperspectral scene, white noise of its shape, and the sum of both: what the paper's Figure 3 fits networks to.

The scene is a crop of AVIRIS Indian Pines, the noise has a standard deviation of 0.01.
"""

from pathlib import Path

import numpy as np
from tensorly.datasets import load_indian_pines

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped
from benchmark.loaders.signals import normalised

KIND = "stack"
TITLE = "Indian Pines, noise, and their sum"
LICENCE = "CC BY 3.0"
CITATION = (
    "Baumgardner, Biehl, Landgrebe: 220 Band AVIRIS Hyperspectral Image Data Set: June 12, 1992 Indian Pine Test "
    "Site 3. Purdue University Research Repository, 2015, doi:10.4231/R7RX991C"
)
STANDS_IN_FOR = "the hyperspectral scene of the paper's Figure 3, which is not named"

SIGMA = 0.01


def load(folder: Path, *, size: int = 64, bands: int = 60, seed: int = 0) -> list[Item]:
    """Return the items `signal`, `noise` and `sum` (size x size x bands)."""
    signal = normalised(TITLE, cropped(load_indian_pines()["tensor"], size, bands))
    noise = (SIGMA * np.random.default_rng(seed).standard_normal(signal.shape)).astype(np.float32)
    total = signal + noise
    # The sum may pass 1 by a little, which noise of that size does to the scene's peak.
    return [
        Item("signal", signal),
        Item("noise", noise, signed=True),
        Item("sum", np.clip(total, -1, 1), signed=True),
    ]
