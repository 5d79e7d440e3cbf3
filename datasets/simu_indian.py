"""Simulated Indian Pines: 17 spectra laid on the map of its classes, 145 x 145 pixels, 224 bands, without noise.

Its unfolding is of rank 17 exactly, and its images are constant within a class: what low-rank and smooth methods assume
holds as in no real scene, so that it tests theory and ranks no methods.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped
from benchmark.loaders.signals import normalised
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "Simulated Indian Pines"
LICENCE = "no terms stated"
CITATION = "passed on with code of hyperspectral denoising; the copy of Peng, github.com/andrew-pengjj/rctv"
STANDS_IN_FOR = None
RGB = (26, 15, 5)  # as of the measured scene


def load(folder: Path, *, size: int | None = None, bands: int | None = None) -> list[Item]:
    """Return the cube (145 x 145 x 224), cropped to the central `size` x `size` pixels and first `bands`."""
    cube = read_cube(folder / "simu_indian.mat", key="Ori_H")
    return [Item("simu_indian", normalised(TITLE, cropped(cube, size, bands)))]
