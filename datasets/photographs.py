"""Photographs that scikit-image ships, grey, and reduced to the size of a quick experiment.

A man with a camera (fine grass, smooth sky), a brick wall (one pattern, repeated), an astronaut.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import skimage.data
from skimage.transform import resize

from benchmark.contract import Item
from benchmark.loaders.colours import luminance

KIND = "images"
TITLE = "Photographs"
LICENCE = "CC0"
CITATION = "skimage.data.camera, brick and astronaut, photographs that scikit-image ships"
STANDS_IN_FOR = "the eight images on which compressive recovery is usually compared"

PHOTOGRAPHS = ("camera", "brick", "astronaut")


def load(folder: Path, *, names: Sequence[str] = ("camera", "brick", "astronaut"), size: int = 64) -> list[Item]:
    """Return the photographs of the `names`, of 512 x 512 pixels, reduced to `size` x `size`.

    A pixel of 1 is the brightest that a file can hold. Raises ValueError for a name that there is not.
    """
    if unknown := [name for name in names if name not in PHOTOGRAPHS]:
        raise ValueError(f"there is no photograph {unknown[0]!r}; there are: {', '.join(PHOTOGRAPHS)}")
    # `signed` keeps the scale; nothing is negative.
    return [Item(name, reduced(getattr(skimage.data, name)(), size), signed=True) for name in names]


def reduced(image: np.ndarray, size: int) -> np.ndarray:
    """Return the luminance of an image, of values up to 255, reduced to `size` x `size`, with values up to 1."""
    grey = luminance(image) if image.ndim == 3 else image
    return resize(grey / 255, (size, size), anti_aliasing=True).astype(np.float32)
