"""Readers of cubes (height x width x bands) and of samples from the file formats in which they are published."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import skimage.io

from benchmark.loaders.nifti import read_nifti

# A folder of bands may hold a preview beside them, which is none of these.
BANDS = (".pgm", ".png", ".tif", ".tiff")
PICTURES = (*BANDS, ".bmp", ".jpeg", ".jpg")


def read_cube(path: Path, key: str | None = None) -> np.ndarray:
    """Return the cube (height x width x bands, values as stored) of a file, or of a folder with one image a band.

    Raises what `read_array` does, and ValueError if the array does not have three axes.
    """
    cube = read_array(path, key)
    if cube.ndim != 3:
        raise ValueError(f"{path}: an array of shape {cube.shape} is no cube; height x width x bands is needed")
    return cube


def read_array(path: Path, key: str | None = None) -> np.ndarray:
    """Return the array of a file (its ending one of `READERS`), or the stack (h x w x n) of the images of a folder.

    The images are grey and have the endings `BANDS`; they are sorted by name. `key` names one of several arrays in a
    `.npz` or `.mat` file. Raises FileNotFoundError if there is nothing at `path`, and ValueError if the format is not
    known or the key does not settle which array is meant.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; check the path of the data set in the config")
    if path.is_dir():
        _refuse_key(path, key)
        return np.moveaxis(read_images(images_in([path], BANDS)), 0, -1)
    ending = next((ending for ending in READERS if path.name.lower().endswith(ending)), None)
    if ending is None:
        raise ValueError(f"{path}: cannot read {path.suffix!r} files; give {', '.join(READERS)} or a folder of images")
    if ending not in KEYED:
        _refuse_key(path, key)
    try:
        return READERS[ending](path, key)
    except Exception as error:  # each format has its own for a damaged file
        raise ValueError(f"{path} cannot be read: {error}") from error


def images_in(folders: Iterable[Path], endings: Sequence[str] = PICTURES) -> list[Path]:
    """Return the images of folders by their endings, folder by folder sorted by name.

    Raises ValueError if a folder has none.
    """
    found = []
    for folder in folders:
        images = sorted(path for path in folder.iterdir() if path.suffix.lower() in endings)
        if not images:
            raise ValueError(f"{folder}: no image in this folder; its files may end with {', '.join(endings)}")
        found += images
    return found


def read_images(paths: Sequence[Path], colour: bool = False) -> np.ndarray:
    """Return grey images as n x h x w, values as stored; where `colour` is allowed, the mean of the three channels.

    Raises ValueError if an image is not grey (and not allowed to be of three colours) or unlike the first one.
    """
    images = [skimage.io.imread(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.ndim != 2 and not (colour and image.shape[2:] == (3,)):
            raise ValueError(f"{path}: an image of {image.shape[-1]} channels; a grey one is needed")
        if image.shape[:2] != images[0].shape[:2] or image.dtype != images[0].dtype:
            raise ValueError(
                f"{path}: {image.dtype} of shape {image.shape}, but {paths[0].name} is {images[0].dtype} of shape "
                f"{images[0].shape}; all images must be alike"
            )
    return np.stack([image if image.ndim == 2 else image.mean(axis=-1) for image in images])


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


def _refuse_key(path: Path, key: str | None) -> None:
    if key is not None:
        raise ValueError(f"{path} holds one array without a name; leave out the key {key!r}")


def _read_nifti(path: Path, _: None) -> np.ndarray:
    return read_nifti(path)


KEYED = (".mat", ".npz")
READERS = {".mat": _read_mat, ".nii": _read_nifti, ".nii.gz": _read_nifti, ".npy": _read_npy, ".npz": _read_npz}
