"""Readers of cubes (height x width x bands) from the file formats in which they are published."""

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import skimage.io


def read_cube(path: Path, key: str | None = None) -> np.ndarray:
    """Return the cube (height x width x bands, values as stored) of a file, or of a folder with one PNG a band.

    Raises what `read_array` does, and ValueError if the array does not have three axes.
    """
    cube = read_array(path, key)
    if cube.ndim != 3:
        raise ValueError(f"{path}: an array of shape {cube.shape} is no cube; height x width x bands is needed")
    return cube


def read_array(path: Path, key: str | None = None) -> np.ndarray:
    """Return the array of a `.npy`, `.npz` or `.mat` file, or the stack (h x w x n) of a folder's PNGs sorted by name.

    `key` names one of several arrays in a `.npz` or `.mat` file. Raises FileNotFoundError if there is nothing at
    `path`, and ValueError if the format is not known or the key does not settle which array is meant.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; check the path of the data set in the config")
    if key is not None and (path.is_dir() or path.suffix.lower() == ".npy"):
        raise ValueError(f"{path} holds one array without a name; leave out the key {key!r}")
    if path.is_dir():
        return _read_pngs(path)
    if path.suffix.lower() not in READERS:
        raise ValueError(f"{path}: cannot read {path.suffix!r} files; give {', '.join(READERS)} or a folder of PNGs")
    try:
        return READERS[path.suffix.lower()](path, key)
    except Exception as error:  # each format has its own for a damaged file
        raise ValueError(f"{path} cannot be read: {error}") from error


def cropped(cube: np.ndarray, size: int | None = None, bands: int | None = None) -> np.ndarray:
    """Return the central `size` x `size` pixels and the first `bands` bands of a cube; None keeps all.

    Raises ValueError if the crop is empty or larger than the cube.
    """
    height, width, depth = cube.shape
    rows, columns = (height, width) if size is None else (size, size)
    kept = depth if bands is None else bands
    if not (1 <= rows <= height and 1 <= columns <= width and 1 <= kept <= depth):
        raise ValueError(f"a crop of {rows}x{columns}x{kept} does not fit into a cube of {height}x{width}x{depth}")
    top, left = (height - rows) // 2, (width - columns) // 2
    return cube[top : top + rows, left : left + columns, :kept]


def _read_npy(path: Path, _: None) -> np.ndarray:
    return np.load(path)


def _read_npz(path: Path, key: str | None) -> np.ndarray:
    with np.load(path) as arrays:
        return arrays[_settled(key, {name: arrays[name].shape for name in arrays.files})]


def _read_mat(path: Path, key: str | None) -> np.ndarray:
    if h5py.is_hdf5(path):
        return _read_mat_hdf5(path, key)
    name = _settled(key, {name: shape for name, shape, _ in scipy.io.whosmat(path)})
    return scipy.io.loadmat(path, variable_names=[name])[name]


def _read_mat_hdf5(path: Path, key: str | None) -> np.ndarray:
    """Read MATLAB's format 7.3, in which HDF5 sees the axes in reverse order."""
    with h5py.File(path) as file:
        shapes = {name: entry.shape[::-1] for name, entry in file.items() if isinstance(entry, h5py.Dataset)}
        return file[_settled(key, shapes)][()].T


def _settled(key: str | None, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Return the name of the array that is meant: the key, or without one the only array."""
    listing = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no arrays"
    if key is None and len(shapes) == 1:
        return next(iter(shapes))
    if key is None:
        raise ValueError(f"set `key` to say which array is meant; the file holds {listing}")
    if key not in shapes:
        raise ValueError(f"no array {key!r}; the file holds {listing}")
    return key


def _read_pngs(folder: Path) -> np.ndarray:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")
    if not paths:
        raise ValueError(f"{folder}: no PNG in this folder; one file a band is needed")
    bands = [skimage.io.imread(path) for path in paths]
    for path, band in zip(paths, bands, strict=True):
        if band.ndim != 2:
            raise ValueError(f"{path}: a PNG of {band.shape[-1]} channels; one grey-scale PNG a band is needed")
        if band.shape != bands[0].shape or band.dtype != bands[0].dtype:
            raise ValueError(
                f"{path}: {band.dtype} of shape {band.shape}, but {paths[0].name} is {bands[0].dtype} of shape "
                f"{bands[0].shape}; the bands of a cube are alike"
            )
    return np.stack(bands, axis=-1)


READERS = {".mat": _read_mat, ".npy": _read_npy, ".npz": _read_npz}
