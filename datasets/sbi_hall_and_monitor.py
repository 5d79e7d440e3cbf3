"""People in a hall with a monitor, at half the size of the video: 120 x 176 pixels and 74 frames, in grey."""

from pathlib import Path

import numpy as np
from skimage.transform import downscale_local_mean

from benchmark.contract import Item
from benchmark.loaders.moving import grey
from benchmark.loaders.signals import normalised
from deeptensor.images import in_natural_order, read_image

KIND = "stack"
TITLE = "Hall and monitor"
LICENCE = "not stated"
CITATION = "Scene Background Initialization data set (SBI), doi:10.1016/j.patrec.2016.12.019"
STANDS_IN_FOR = None
IMAGE = 40


def load(folder: Path) -> list[Item]:
    """Return the video (120 x 176 x 74), each pixel the mean over 2 x 2, divided by its maximum."""
    paths = in_natural_order((folder / "PNG").glob("*.png"))
    frames = np.stack([downscale_local_mean(grey(read_image(path)), (2, 2)) for path in paths], axis=2)
    return [Item("hall_and_monitor", normalised(TITLE, frames))]
