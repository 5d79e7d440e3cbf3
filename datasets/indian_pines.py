"""AVIRIS Indian Pines: 145 x 145 pixels, 200 bands from 0.4 to 2.5 micrometres, as TensorLy ships it.

The scene is itself a noisy measurement, so as ground truth it tests the suite more than a denoiser.
"""

from collections.abc import Sequence
from pathlib import Path

from tensorly.datasets import load_indian_pines

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped, thinned
from benchmark.loaders.signals import normalised
from benchmark.loaders.truncation import at_ranks, truncated_cube

KIND = "stack"
TITLE = "Indian Pines"
LICENCE = "CC BY 3.0"
CITATION = (
    "Baumgardner, Biehl, Landgrebe: 220 Band AVIRIS Hyperspectral Image Data Set: June 12, 1992 Indian Pine Test "
    "Site 3. Purdue University Research Repository, 2015, doi:10.4231/R7RX991C"
)
STANDS_IN_FOR = (
    "the ICVL scene of the paper's Figure 9, which cannot be had, the scenes of its Figures 3 and 13, and the MRI "
    "volume of its Figure 4"
)
RGB = (26, 15, 5)  # 637, 548 and 449 nm


def load(
    folder: Path,
    *,
    size: int | None = None,
    bands: int | None = None,
    every: int = 1,
    truncated: int | None = None,
    ranks: Sequence[int] = (),
) -> list[Item]:
    """Return the scene (height x width x bands), cropped to the central `size` x `size` pixels and first `bands`.

    With `every`, these are of each second, third, ... band. The scene can be `truncated` to a rank, and come once for
    each of the `ranks` that methods are told.
    """
    cube = cropped(thinned(load_indian_pines()["tensor"], every), size, bands)
    if truncated is not None:
        cube = truncated_cube(cube, truncated)
    return at_ranks(Item("indian_pines", normalised(TITLE, cube)), ranks)
