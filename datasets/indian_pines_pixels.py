"""Indian Pines as a stream: the spectra of its pixels, 200 bands each, row by row of the scene."""

from collections.abc import Sequence
from pathlib import Path

from tensorly.datasets import load_indian_pines

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped
from benchmark.loaders.signals import normalised

KIND = "matrices"
TITLE = "Spectra of Indian Pines"
LICENCE = "CC BY 3.0"
CITATION = (
    "Baumgardner, Biehl, Landgrebe: 220 Band AVIRIS Hyperspectral Image Data Set: June 12, 1992 Indian Pine Test "
    "Site 3. Purdue University Research Repository, 2015, doi:10.4231/R7RX991C"
)
STANDS_IN_FOR = None


def load(folder: Path, *, size: int | None = None, budgets: Sequence[int] = (20, 40)) -> list[Item]:
    """Return the 21025 x 200 spectra, or those of the central size x size pixels, once for each of `budgets`."""
    cube = cropped(load_indian_pines()["tensor"], size, None)
    spectra = normalised(TITLE, cube.reshape(-1, cube.shape[2]))
    return [Item(f"l{budget}", spectra, budget=budget) for budget in budgets]
