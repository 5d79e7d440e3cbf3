"""Cars on a highway, 120 x 160 pixels and 60 frames, with a mask of each: every tenth of CDnet's from 900 to 1490.

Frames are means of 2 x 2 pixels, and masks one of these four. Shadows are no motion there; trees sway. What the masks
leave open, edges of objects and what is outside the region of interest, is not scored.
"""

from pathlib import Path

import numpy as np
from skimage.transform import downscale_local_mean

from benchmark.contract import Item
from benchmark.loaders.moving import grey, masked
from benchmark.metrics import MOVING, UNKNOWN
from deeptensor.images import in_natural_order, read_image

KIND = "stack"
TITLE = "CDnet highway"
LICENCE = "free for academic use"
CITATION = (
    "Wang, Jodoin, Porikli, Konrad, Benezeth, Ishwar: CDnet 2014: An Expanded Change Detection Benchmark Dataset. IEEE "
    "Conference on Computer Vision and Pattern Recognition Workshops 2014"
)
STANDS_IN_FOR = None
IMAGE = 30
STILL, SHADOW, MOTION = 0, 50, 255


def load(folder: Path) -> list[Item]:
    """Return the video (120 x 160 x 60)."""
    frames = [grey(read_image(path)) for path in in_natural_order(folder.glob("input/*.jpg"))]
    masks = [read_image(path)[::2, ::2] for path in in_natural_order(folder.glob("groundtruth/*.png"))]
    video = downscale_local_mean(np.stack(frames, axis=2), (2, 2, 1))
    return [masked(TITLE, "highway", video, {frame: coded(mask) for frame, mask in enumerate(masks)})]


def coded(mask: np.ndarray) -> np.ndarray:
    """Return a mask of CDnet with 0 where a pixel stands still, 1 where it moves and 2 elsewhere."""
    return np.select([mask == MOTION, (mask == STILL) | (mask == SHADOW)], [MOVING, 0], UNKNOWN)
