"""A person before trees in the wind, 120 x 160 pixels and 50 frames, with a mask of one frame.

The frames 212 to 261 of Wallflower's "WavingTrees", and the mask that was made by hand of frame 247.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.moving import grey, masked
from deeptensor.images import in_natural_order, read_image

KIND = "stack"
TITLE = "Waving trees"
LICENCE = "not stated"
CITATION = (
    "Toyama, Krumm, Brumitt, Meyers: Wallflower: Principles and Practice of Background Maintenance. IEEE International "
    "Conference on Computer Vision 1999"
)
STANDS_IN_FOR = None
IMAGE = 35


def load(folder: Path) -> list[Item]:
    """Return the video (120 x 160 x 50), whose frame 35 has a mask."""
    paths = in_natural_order(folder.glob("b*.bmp"))
    video = np.stack([grey(read_image(path)) for path in paths], axis=2)
    mask = grey(read_image(folder / "hand_segmented_00247.BMP")) > 0.5
    return [masked(TITLE, "waving_trees", video, {IMAGE: mask})]
