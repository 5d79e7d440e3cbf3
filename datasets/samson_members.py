"""The Samson scene with the spectra of its three end-members: soil, trees and water.

Each is one block term of rank (L, L, 1): a map of abundances of rank L times a spectrum.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped
from benchmark.loaders.signals import normalised
from deeptensor.reading import read_array

KIND = "stack"
TITLE = "Samson, end-members"
LICENCE = "not stated"
CITATION = (
    "Zhu, Wang, Xiang, Fan, Pan: Structured Sparse Method for Hyperspectral Unmixing. ISPRS Journal of Photogrammetry "
    "and Remote Sensing 88, 2014, pp. 101-118"
)
STANDS_IN_FOR = None
REGISTRY = "samson"
WAVELENGTHS = [401, 3.148]  # nm: the first, and the step, as if bands were evenly spaced up to 889
RGB = (79, 47, 16)  # 650, 549 and 451 nm


def load(folder: Path, *, rank: int = 10, size: int | None = None) -> list[Item]:
    """Return the scene (95 x 95 x 156), cropped to the central `size` pixels, for terms of rank (`rank`, `rank`, 1).

    The extra `spectra` (156 x 3) holds the end-members.
    """
    values = read_array(folder / "Samson.mat", key="Y")
    cube = cropped(values.T.reshape(95, 95, 156, order="F"), size, None)
    extras = {"model": np.array("ll1"), "ranks": np.array([[rank, rank, 1]] * 3)}
    extras["multilinear"] = np.array([3 * rank, 3 * rank, 3])
    extras["spectra"] = read_array(folder / "Samson.mat", key="GT").T.astype(np.float64)
    return [Item("samson", normalised(TITLE, cube), rank=3, extras=extras)]
