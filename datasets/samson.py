"""The Samson scene: 95 x 95 pixels, 156 bands from 401 to 889 nm, dominated by soil, trees and water.

The registry's copy is that of a published study, at a fixed commit.
"""

from collections.abc import Sequence
from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped
from benchmark.loaders.signals import normalised
from benchmark.loaders.truncation import at_ranks, truncated_cube
from deeptensor.reading import read_array

KIND = "stack"
TITLE = "Samson"
LICENCE = "not stated"
CITATION = (
    "Zhu, Wang, Xiang, Fan, Pan: Structured Sparse Method for Hyperspectral Unmixing. ISPRS Journal of Photogrammetry "
    "and Remote Sensing 88, 2014, pp. 101-118"
)
STANDS_IN_FOR = "the ICVL scene of the paper's Figure 9 and the hyperspectral scenes of its Figures 3 and 13"
WAVELENGTHS = [401, 3.148]  # nm: the first, and the step, as if bands were evenly spaced up to 889
RGB = (79, 47, 16)  # 650, 549 and 451 nm


def load(
    folder: Path,
    *,
    size: int | None = None,
    bands: int | None = None,
    truncated: int | None = None,
    ranks: Sequence[int] = (),
) -> list[Item]:
    """Return the scene (95 x 95 x 156), cropped to the central `size` x `size` pixels and first `bands`.

    The scene can be `truncated` to a rank, and come once for each of the `ranks` that methods are told. The file holds
    bands x pixels, the pixels in MATLAB's column order.
    """
    spectra = read_array(folder / "Samson.mat", key="Y")
    cube = cropped(spectra.T.reshape(95, 95, 156, order="F"), size, bands)
    if truncated is not None:
        cube = truncated_cube(cube, truncated)
    return at_ranks(Item("samson", normalised(TITLE, cube)), ranks)
