"""A chest CT, 56 slices of 128 x 128 pixels, which the DeepTensor authors published with their code.

The paper's text speaks of 256 x 256 x 56; this is the volume that its script reads.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.cubes import spread
from benchmark.loaders.signals import normalised
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "Lung CT"
LICENCE = "MIT, as all of the authors' repository; of the volume, the data usage policy of The Cancer Imaging Archive"
CITATION = (
    "Li, Wang, Li, Lu, Huangfu, Wang: A Large-Scale CT and PET/CT Dataset for Lung Cancer Diagnosis. The Cancer "
    "Imaging Archive, 2020, doi:10.7937/TCIA.2020.NNC2-0461"
)
STANDS_IN_FOR = None
IMAGE = 28


def load(folder: Path, *, slices: int | None = None) -> list[Item]:
    """Return the volume (128 x 128 x 56), or `slices` of it at equal distances, divided by its maximum."""
    volume = read_cube(folder / "pet.mat", key="hypercube")
    return [Item("lung_ct", normalised(TITLE, volume[..., spread(volume.shape[2], slices)]))]
