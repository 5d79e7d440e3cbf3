"""A crop of AVIRIS Indian Pines, 32 x 32 pixels and 16 bands of uint16, small enough to lie beside the tests.

Cut as rows and columns 56 to 87 and every twelfth band from 0 to 180 of the 145 x 145 x 200 cube, counts unchanged.
The registry gives no URL: the file comes from a mirror, so that a quick run goes the whole way of a download.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "Indian Pines, tiny crop"
LICENCE = "CC BY 3.0"
CITATION = (
    "Baumgardner, Biehl, Landgrebe: 220 Band AVIRIS Hyperspectral Image Data Set: June 12, 1992 Indian Pine Test "
    "Site 3. Purdue University Research Repository, 2015, doi:10.4231/R7RX991C"
)
STANDS_IN_FOR = None
RGB = (2, 1, 0)  # 637, 518 and 400 nm


def load(folder: Path) -> list[Item]:
    """Return the crop (32 x 32 x 16), divided by its maximum."""
    return [Item("tiny", normalised(TITLE, read_cube(folder / "tiny.npy")))]
