"""Eight photographs on which compressive recovery is usually compared: 256 x 256 pixels, grey.

Barbara, boats, cameraman, foreman, house, Lena, monarch and parrots, as a published study has them, at a fixed commit.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.cubes import centre
from deeptensor.images import read_image

KIND = "images"
TITLE = "Compressive test images"
LICENCE = "not stated"
CITATION = (
    "Kulkarni, Lohit, Turaga, Kerviche, Ashok: ReconNet: Non-Iterative Reconstruction of Images from Compressively "
    "Sensed Measurements. IEEE Conference on Computer Vision and Pattern Recognition 2016, pp. 449-458"
)
STANDS_IN_FOR = None

FILES = {
    "barbara": "barbara",
    "boats": "boats",
    "cameraman": "cameraman",
    "foreman": "foreman",
    "house": "house",
    "lena": "lena256",
    "monarch": "Monarch",
    "parrots": "Parrots",
}


def load(folder: Path, *, names: Sequence[str] = (), size: int | None = None) -> list[Item]:
    """Return the images, or those of the `names`, each cropped to its central `size` x `size` pixels.

    A pixel of 1 is the brightest that a file can hold, 255, which no image but one reaches: published measures are on
    this scale. Raises ValueError for a name that there is not.
    """
    if unknown := [name for name in names if name not in FILES]:
        raise ValueError(f"there is no image {unknown[0]!r}; there are: {', '.join(FILES)}")
    images = {name: read_image(folder / f"{FILES[name]}.tif") for name in names or FILES}
    # `signed` keeps the scale; nothing is negative.
    return [Item(name, (centre(image, size) / 255).astype(np.float32), signed=True) for name, image in images.items()]
