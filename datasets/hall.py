"""People in the hall of an airport, 144 x 176 pixels and 50 frames, with a mask of one frame.

Of I2R; shadows, flicker, and people who stand still for long. The file of the mask says 16th frame; where people are
it fits frame 18, from 0, and no other.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.moving import grey, masked
from deeptensor.images import read_image
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "Airport hall"
LICENCE = "not stated"
CITATION = (
    "Li, Huang, Gu, Tian: Statistical Modeling of Complex Backgrounds for Foreground Object Detection. IEEE "
    "Transactions on Image Processing 13, 2004"
)
STANDS_IN_FOR = None
IMAGE = 18


def load(folder: Path) -> list[Item]:
    """Return the video (144 x 176 x 50), whose frame 18 has a mask."""
    mask = grey(read_image(folder / "groundtruth_at_16th_frame.bmp")) > 0.5
    return [masked(TITLE, "hall", read_cube(folder / "testVideo.mat", key="D"), {IMAGE: mask})]
