"""The crop of the CAVE scene "chart and stuffed toy" that is in a log of LLRT: 101 x 101 pixels, 31 bands.

Rows and columns 199 to 299, from 0, of the 512 x 512 pixels, and counts divided by 65535: their largest value is 0.68,
so that noise of a standard deviation on the scale of 0 to 255 is what it is in the log.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "CAVE chart and stuffed toy, logged crop"
LICENCE = "available to the research community"
CITATION = (
    "Yasuma, Mitsunaga, Iso, Nayar: Generalized Assorted Pixel Camera: Post-Capture Control of Resolution, Dynamic "
    "Range and Spectrum. Technical report CUCS-061-08, Columbia University, 2008"
)
STANDS_IN_FOR = None
REGISTRY = "cave"
RGB = (25, 15, 5)  # 650, 550 and 450 nm

CROP = slice(199, 300)
LARGEST = 65535


def load(folder: Path) -> list[Item]:
    """Return the crop (101 x 101 x 31) at the scale of the file; `signed` is what keeps a signal at its own."""
    counts = read_cube(folder / "chart_and_stuffed_toy_ms")[CROP, CROP]
    return [Item("toy_crop", (counts / LARGEST).astype(np.float32), signed=True)]
