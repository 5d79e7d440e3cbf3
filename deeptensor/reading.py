"""The reader of arrays - cubes, volumes, images, samples - from the files in which people have them.

One for the command line and for data sets. What a format needs is imported when such a file is read.
"""

from pathlib import Path

import numpy as np

from deeptensor.archives import read_npy, read_npz
from deeptensor.images import BANDS, PICTURES, images_in, is_hidden, read_images, read_pages
from deeptensor.matlab import read_mat
from deeptensor.refusal import Refused, readable
from deeptensor.volumes import ENVI_DATA, envi_header_beside, read_envi, read_nifti

KEYED = {".mat": read_mat, ".npz": read_npz}
NIFTI = (".nii", ".nii.gz")
ENDINGS = (*KEYED, *NIFTI, ".npy", ".hdr", *PICTURES)


def read_cube(path: Path, key: str | None = None, volume: int | None = None) -> np.ndarray:
    """Return the cube (height x width x bands, values as stored) of a file, or of a folder with one image a band.

    Raises what `read_array` does, and ValueError if the array does not have three axes.
    """
    cube = read_array(path, key, axes=3, volume=volume)
    if cube.ndim != 3:
        raise ValueError(f"{path}: an array of shape {cube.shape} is no cube; height x width x bands is needed")
    return cube


def read_array(path: Path, key: str | None = None, axes: int | None = None, volume: int | None = None) -> np.ndarray:
    """Return the array, values as stored, of a file, or the stack (h x w x n) of the images of a folder.

    The ending tells the format: NumPy's .npy and .npz; MATLAB's .mat, of version 4 to 7.3; NIfTI; ENVI, by the name of
    the header or of the values; TIFF and other images, h x w x channels or, of several grey pages, h x w x pages. The
    images of a folder are grey, and stand in natural order; if some have the endings `BANDS`, the others do not count.
    Of images, ENVI and NIfTI, axes of length 1 at the end are left out, but for those that are asked for by `axes`.

    `key` names one of several arrays of a .npz or .mat file, in a structure by dots; without it the only one is taken
    that can be meant, as `deeptensor.archives.settled` says. `volume` is the index of one of several volumes in NIfTI.

    Raises FileNotFoundError if there is nothing at `path`; ValueError, which names the file, if the format is not
    known, the file is damaged, or it is not settled which array is meant; and ImportError, which says what to install.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; check its name")
    ending = next((ending for ending in ENDINGS if path.name.lower().endswith(ending)), "")
    _refuse_unused(path, ending, key, volume)
    if path.is_dir():
        return _trimmed(np.moveaxis(_read_folder(path), 0, -1), axes)
    if ending in PICTURES:
        pages = read_pages(path)
        if len(pages) > 1 and pages.ndim == 4:
            raise ValueError(f"{path}: {len(pages)} pages in colour; grey ones are needed, or a single page")
        return _trimmed(np.moveaxis(pages, 0, -1) if pages.ndim == 3 else pages[0], axes)
    with readable(path):
        array = _read_file(path, ending, key, axes, volume)
        if array.dtype.kind not in "biufc" and not (key is not None and array.dtype.kind in "SU"):
            raise Refused(f"{key or 'it'} holds values of type {array.dtype}, no numbers; save an array of numbers")
        if array.size == 0:
            raise Refused(f"{key or 'it'} is empty, of shape {array.shape}; save an array of numbers")
        return array.astype(array.dtype.newbyteorder("="), copy=False)


def _read_folder(folder: Path) -> np.ndarray:
    """Return the images of a folder (n x h x w)."""
    has_bands = any(path.suffix.lower() in BANDS and not is_hidden(path) for path in folder.iterdir())
    return read_images(images_in([folder], BANDS if has_bands else PICTURES))


def _read_file(path: Path, ending: str, key: str | None, axes: int | None, volume: int | None) -> np.ndarray:
    if not path.is_file():
        raise Refused("it is neither a file nor a folder; give one")
    if ending in KEYED:
        return KEYED[ending](path, key, axes)
    if ending == ".npy":
        return read_npy(path)
    if ending in NIFTI:
        return _trimmed(read_nifti(path, volume), axes)
    if ending == ".hdr" or envi_header_beside(path):
        return _trimmed(read_envi(path), axes)
    if path.suffix.lower() in ENVI_DATA:
        raise Refused("no ENVI header lies beside it; add the file that has this name and the ending .hdr")
    raise Refused(f"no reader of {path.suffix!r} files; give {', '.join(ENDINGS)} or a folder of images")


def _refuse_unused(path: Path, ending: str, key: str | None, volume: int | None) -> None:
    if key is not None and (ending not in KEYED or path.is_dir()):
        raise ValueError(f"{path} holds one array without a name; leave out the key {key!r}")
    if volume is not None and (ending not in NIFTI or path.is_dir()):
        raise ValueError(f"{path} has no numbered volumes, as NIfTI files do; leave out the volume {volume}")


def _trimmed(array: np.ndarray, axes: int | None) -> np.ndarray:
    """Return an array without axes of length 1 at its end, but for those that make `axes`."""
    shape = list(array.shape)
    while shape and shape[-1] == 1 and len(shape) > (axes or 0):
        shape.pop()
    return array.reshape(shape, order="A")
