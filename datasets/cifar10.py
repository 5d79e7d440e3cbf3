"""CIFAR-10: the first photographs of its training set, 32 x 32 pixels, grey: the mean of the three channels.

Each image is then mapped to [0, 1] by its own minimum and maximum, as the paper's Table 2 does. The registry's copy
holds the first 3000 images as the rows of three PNGs, without their labels.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import stretched
from deeptensor.images import read_image

KIND = "samples"
TITLE = "CIFAR-10"
LICENCE = "not stated"
CITATION = (
    "Krizhevsky: Learning Multiple Layers of Features from Tiny Images. Technical report, University of Toronto, 2009"
)
STANDS_IN_FOR = None


def load(folder: Path, *, images: int = 2048) -> list[Item]:
    """Return the first `images` as samples (images x 32 x 32), at most 3000."""
    rows = np.concatenate([read_image(folder / f"cifar10_batch_{number}.png") for number in range(3)])
    if not 1 <= images <= len(rows):
        raise ValueError(f"{images} images of {TITLE}: give 1 to {len(rows)}")
    return [Item("cifar10", stretched(TITLE, rows[:images].mean(axis=-1).reshape(-1, 32, 32)))]
