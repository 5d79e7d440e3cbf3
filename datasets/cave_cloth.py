"""The cloth scene of the CAVE database, every second pixel: 256 x 256 pixels, 31 bands from 400 to 700 nm.

The registry's copy is that of a published study, at a fixed commit.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped
from benchmark.loaders.signals import normalised
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "CAVE cloth"
LICENCE = "available to the research community"
CITATION = (
    "Yasuma, Mitsunaga, Iso, Nayar: Generalized Assorted Pixel Camera: Post-Capture Control of Resolution, Dynamic "
    "Range and Spectrum. Technical report CUCS-061-08, Columbia University, 2008"
)
STANDS_IN_FOR = "the ICVL scene of the paper's Figure 9, which cannot be had"
WAVELENGTHS = [400, 10]  # nm: the first, and the step
RGB = (25, 15, 5)  # 650, 550 and 450 nm


def load(folder: Path, *, size: int | None = None) -> list[Item]:
    """Return the scene (256 x 256 x 31), cropped to the central `size` x `size` pixels and over its maximum."""
    return [Item("cloth", normalised(TITLE, cropped(read_cube(folder / "testMSI_2.mat", key="Omsi"), size)))]
