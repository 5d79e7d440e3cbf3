"""The bands of Indian Pines as matrices to learn from, and others to test on, parted at random."""

from collections.abc import Sequence
from pathlib import Path

from tensorly.datasets import load_indian_pines

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped, thinned
from benchmark.loaders.signals import normalised
from benchmark.loaders.training import parted

KIND = "stack"
TITLE = "Bands of Indian Pines"
LICENCE = "CC BY 3.0"
CITATION = (
    "Baumgardner, Biehl, Landgrebe: 220 Band AVIRIS Hyperspectral Image Data Set: June 12, 1992 Indian Pine Test "
    "Site 3. Purdue University Research Repository, 2015, doi:10.4231/R7RX991C"
)
STANDS_IN_FOR = "the hyperspectral images of the paper on learned sketches, of which its lists are not public"
RGB = (26, 15, 5)


def load(
    folder: Path, *, size: int | None = None, every: int = 1, budgets: Sequence[int] = (20, 40), splits: int = 3
) -> list[Item]:
    """Return the scene (145 x 145 x 200) for each of `budgets` and each of `splits`, half of the bands for training.

    It can be cropped to the central `size` x `size` pixels, and to each second, third, ... band with `every`.
    """
    cube = cropped(thinned(load_indian_pines()["tensor"], every), size, None)
    return parted("indian_pines_bands", normalised(TITLE, cube), budgets, splits, share=0.5)
