"""Readers of arrays - cubes (height x width x bands), samples - from the file formats in which they are published."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import h5py
import nibabel
import numpy as np
import scipy.io
from nibabel.spatialimages import HeaderDataError

from benchmark.loaders.images import BANDS, centre, images_in, read_images

# What `.mat` files call their arrays of numbers; the rest is text, cells, structures and the like.
NUMBERS = {"double", "single", "logical", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}


def read_cube(path: Path, key: str | None = None) -> np.ndarray:
    """Return the cube (height x width x bands, values as stored) of a file, or of a folder with one image a band.

    Raises what `read_array` does, and ValueError if the array does not have three axes.
    """
    cube = read_array(path, key, axes=3)
    if cube.ndim != 3:
        raise ValueError(f"{path}: an array of shape {cube.shape} is no cube; height x width x bands is needed")
    return cube


def read_array(path: Path, key: str | None = None, axes: int | None = None) -> np.ndarray:
    """Return the array of a file (its ending one of `READERS`), or the stack (h x w x n) of the images of a folder.

    The images are grey, have the endings `BANDS`, and stand in natural order. `key` names one of several arrays in a
    `.npz` or `.mat` file; without it the only one is taken that can be meant: text, empty arrays and single numbers
    never are, and beside others only an array with so many `axes`, or, where that is open, with two that are longer
    than 1. Raises FileNotFoundError if there is nothing at `path`, and ValueError if the format is not known, the file
    is damaged, or it is not settled which array is meant.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; check the `path` of the data set")
    if path.is_dir():
        _refuse_key(path, key)
        return np.moveaxis(read_images(images_in([path], BANDS)), 0, -1)
    ending = next((ending for ending in READERS if path.name.lower().endswith(ending)), None)
    if ending is None:
        raise ValueError(f"{path}: cannot read {path.suffix!r} files; give {', '.join(READERS)} or a folder of images")
    if ending not in KEYED:
        _refuse_key(path, key)
    try:
        return READERS[ending](path, key, axes)
    except Exception as error:  # each format has its own for a damaged file
        raise ValueError(f"{path} cannot be read: {error}") from error


def cropped(cube: np.ndarray, size: int | None = None, bands: int | None = None) -> np.ndarray:
    """Return the central `size` x `size` pixels and the first `bands` bands of a cube; None keeps all.

    Raises ValueError if the crop is empty or larger than the cube.
    """
    depth = cube.shape[2]
    if bands is not None and not 1 <= bands <= depth:
        raise ValueError(f"{bands} bands of a cube that has {depth}; give 1 to {depth}")
    return centre(cube, size)[..., :bands]


def spread(total: int, number: int | None = None) -> np.ndarray:
    """Return the indices of `number` of `total` entries at equal distances, the first and the last among them.

    None takes all. Raises ValueError if there are fewer.
    """
    if number is not None and not 1 <= number <= total:
        raise ValueError(f"{number} of {total} images; give 1 to {total}")
    return np.linspace(0, total - 1, number or total).round().astype(int)


def _read_npy(path: Path, key: None, axes: int | None) -> np.ndarray:
    return np.load(path)


def _read_npz(path: Path, key: str | None, axes: int | None) -> np.ndarray:
    """Read an archive of arrays; the headers alone tell which, so that only that one is loaded."""
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                read = HEADERS[np.lib.format.read_magic(file)]
                shape, _, kind = read(file)
            shapes[name.removesuffix(".npy")] = shape if kind.kind in "biufc" else None
    with np.load(path) as arrays:
        return arrays[_settled(key, shapes, axes)]


def _read_mat(path: Path, key: str | None, axes: int | None) -> np.ndarray:
    if h5py.is_hdf5(path):
        return _read_mat_hdf5(path, key, axes)
    shapes = {name: shape if kind in NUMBERS else None for name, shape, kind in scipy.io.whosmat(path)}
    name = _settled(key, shapes, axes)
    return scipy.io.loadmat(path, variable_names=[name])[name]


def _read_mat_hdf5(path: Path, key: str | None, axes: int | None) -> np.ndarray:
    """Read MATLAB's format 7.3, in which HDF5 sees the axes in reverse order."""
    with h5py.File(path) as file:
        shapes = {name: _shape_in_hdf5(entry) for name, entry in file.items() if isinstance(entry, h5py.Dataset)}
        return file[_settled(key, shapes, axes)][()].T


def _shape_in_hdf5(entry: h5py.Dataset) -> tuple[int, ...] | None:
    """Return the shape of an array of numbers in MATLAB's order, None for anything else."""
    if entry.dtype.kind not in "biufc":
        return None
    if entry.attrs.get("MATLAB_empty", False):  # its values are the sizes of the axes
        return (0,)
    kind = np.asarray(entry.attrs.get("MATLAB_class", "double")).astype(str).item()
    return entry.shape[::-1] if kind in NUMBERS else None  # text is numbers, too, of the class `char`


def _settled(key: str | None, shapes: Mapping[str, tuple[int, ...] | None], axes: int | None) -> str:
    """Return the name of the array that is meant, as `read_array` says; None is the shape of what holds no numbers."""
    arrays = {name: shape for name, shape in shapes.items() if shape is not None and np.prod(shape) > 0}
    listing = ", ".join(f"{name} {shape}" for name, shape in arrays.items()) or "no arrays of numbers"
    if key is not None:
        if key not in shapes or (shapes[key] is not None and key not in arrays):
            raise ValueError(f"no array {key!r}; the file holds {listing}")
        return key
    likely = [name for name, shape in arrays.items() if np.prod(shape) > 1]
    if len(likely) > 1:
        likely = [name for name in likely if _fits(arrays[name], axes)]
    if len(likely) != 1:
        raise ValueError(f"set `key` to say which array is meant; the file holds {listing}")
    return likely[0]


def _fits(shape: tuple[int, ...], axes: int | None) -> bool:
    return sum(length > 1 for length in shape) >= 2 if axes is None else len(shape) == axes


def _refuse_key(path: Path, key: str | None) -> None:
    if key is not None:
        raise ValueError(f"{path} holds one array without a name; leave out the key {key!r}")


def _read_nifti(path: Path, key: None, axes: int | None) -> np.ndarray:
    """Read a volume, as stored or, if the header scales it, in double precision; the axes stay as they are stored.

    Axes of length 1 at the end are left out, but for those that are asked for.
    """
    try:
        voxels = np.asarray(nibabel.load(path).dataobj)
    except HeaderDataError as error:
        raise ValueError(f"bad header: {error}") from error
    shape = list(voxels.shape)
    while shape and shape[-1] == 1 and len(shape) > (axes or 0):
        shape.pop()
    return voxels.reshape(shape, order="F").astype(voxels.dtype.newbyteorder("="), copy=False)


HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
KEYED = (".mat", ".npz")
READERS = {".mat": _read_mat, ".nii": _read_nifti, ".nii.gz": _read_nifti, ".npy": _read_npy, ".npz": _read_npz}
