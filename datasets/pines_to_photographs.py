"""Matrices to learn from and others of another kind: bands of Indian Pines, and windows of photographs to test on."""

from collections.abc import Sequence
from pathlib import Path

from tensorly.datasets import load_indian_pines

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped, thinned
from benchmark.loaders.signals import normalised
from benchmark.loaders.training import moved, photographed

KIND = "stack"
TITLE = "Indian Pines, then photographs"
LICENCE = "CC BY 3.0 and CC0"
CITATION = (
    "Baumgardner, Biehl, Landgrebe: 220 Band AVIRIS Hyperspectral Image Data Set: June 12, 1992 Indian Pine Test "
    "Site 3. Purdue University Research Repository, 2015, doi:10.4231/R7RX991C; photographs that scikit-image ships"
)
STANDS_IN_FOR = None


def load(folder: Path, *, size: int | None = None, every: int = 2, budgets: Sequence[int] = (20, 40)) -> list[Item]:
    """Return each second band, 145 x 145 or the central size x size pixels, and 25 windows of each photograph."""
    cube = cropped(thinned(load_indian_pines()["tensor"], every), size, None)
    return moved(normalised(TITLE, cube), photographed(len(cube)), budgets)
