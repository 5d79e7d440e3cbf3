"""A video of a camera that pans over a photograph: frames are windows of scikit-image's `camera`, moving slowly."""

from pathlib import Path

import numpy as np
import skimage.data
from skimage.transform import downscale_local_mean

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "stack"
TITLE = "Pan over a photograph"
LICENCE = "CC0"
CITATION = "skimage.data.camera, a photograph that scikit-image ships"
STANDS_IN_FOR = "the cat video of the paper's Figure 11"
IMAGE = 10


def load(folder: Path, *, size: int = 64, frames: int = 32) -> list[Item]:
    """Return the video (size x size x frames): windows of the photograph at half its size, along a slow curve."""
    photograph = downscale_local_mean(skimage.data.camera().astype(float), (2, 2))
    angle = np.linspace(0, np.pi, frames)
    room = (len(photograph) - size) / 2
    # Half a turn on an ellipse: about one pixel a frame for 32 frames.
    rows = (room + 5 * np.sin(2 * angle)).round().astype(int)
    columns = (room - 12 * np.cos(angle)).round().astype(int)
    windows = [photograph[r : r + size, c : c + size] for r, c in zip(rows, columns, strict=True)]
    return [Item("pan", normalised(TITLE, np.stack(windows, axis=-1)))]
