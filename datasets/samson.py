"""The Samson scene: 95 x 95 pixels, 156 bands from 401 to 889 nm, dominated by soil, trees and water.

The registry's copy is that of a published study, at a fixed commit.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.cubes import read_array
from benchmark.signals import normalised

TITLE = "Samson"
LICENCE = "not stated"
CITATION = (
    "Zhu, Wang, Xiang, Fan, Pan: Structured Sparse Method for Hyperspectral Unmixing. ISPRS Journal of Photogrammetry "
    "and Remote Sensing 88, 2014, pp. 101-118"
)
STANDS_IN_FOR = "the ICVL scene of the paper's Figure 9 and the hyperspectral scene of its Figure 13"
RGB = (79, 47, 16)  # 650, 549 and 451 nm, if the bands are evenly spaced


def load(folder: Path) -> list[Item]:
    """Return the scene (95 x 95 x 156); the file holds bands x pixels, the pixels in MATLAB's column order."""
    spectra = read_array(folder / "Samson.mat", key="Y")
    return [Item("samson", normalised(TITLE, spectra.T.reshape(95, 95, 156, order="F")))]
