"""A T1-weighted MRI of one head, 188 x 256 x 190 voxels of 0.88 mm, resampled to the size of the paper's volume.

Resampled and not cropped, since a crop of that size would cut the head: linearly, after a Gaussian filter against
aliasing. The voxels of 128 x 128 x 150 are then 1.29 x 1.76 x 1.11 mm.
"""

from pathlib import Path

from skimage.transform import resize

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "T1 MRI"
LICENCE = "CC BY-NC 4.0"
CITATION = "Rorden: niivue-images, chris_t1, https://github.com/neurolabusc/niivue-images"
STANDS_IN_FOR = "the MRI volume of the paper's Figure 4, which cannot be had"
IMAGE = 75


def load(folder: Path, *, size: int = 128, slices: int = 150) -> list[Item]:
    """Return the volume (size x size x slices), divided by its maximum."""
    volume = read_cube(folder / "chris_t1.nii.gz").astype(float)
    return [Item("mri_t1", normalised(TITLE, resize(volume, (size, size, slices), order=1, anti_aliasing=True)))]
