"""A cube of your own, from a file or a folder of images that `path` names.

Read are MATLAB's `.mat` (of all versions), NumPy's `.npy` and `.npz`, ENVI (its `.hdr` or the file of values beside
it), NIfTI's `.nii` and `.nii.gz`, TIFF with one grey page a band, other images with their channels as bands, and a
folder with one grey image a band, in natural order (`band_2` before `band_10`). The terms of the data are yours to
mind.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped
from benchmark.loaders.files import own_path
from benchmark.loaders.signals import name_of, normalised
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "Own cube"
LICENCE = "the user's own data"
CITATION = "the user's own data"
STANDS_IN_FOR = None


def load(
    folder: Path,
    *,
    path: str,
    key: str | None = None,
    volume: int | None = None,
    size: int | None = None,
    bands: int | None = None,
) -> list[Item]:
    """Return the cube (height x width x bands) at `path`, cropped to the central `size` x `size` and first `bands`.

    `key` names one of several arrays in a `.mat` or `.npz` file, in a structure by dots such as `data.cube`; the only
    one with three axes needs none. `volume` is the index of one of several volumes in a NIfTI file, from 0.
    """
    file = own_path(path)
    return [Item(name_of(file), normalised(str(file), cropped(read_cube(file, key, volume), size, bands)))]
