"""Samples of your own, from a file or a folder of images that `path` names.

A file, of any format that `cube` reads, holds the samples along the first axis, and TIFF one a page. A folder holds one
image a sample; or one sub-folder a class, which labels the samples by the number of their sub-folder, from 0. Both are
in natural order (`face_2` before `face_10`). Colour images become the mean of their channels. The terms of the data are
yours to mind.
"""

import logging
from pathlib import Path

import numpy as np
from skimage.transform import downscale_local_mean

from benchmark.contract import Item
from benchmark.loaders.files import own_path
from benchmark.loaders.signals import name_of, normalised
from deeptensor.images import TIFFS, images_in, in_natural_order, read_images, read_pages
from deeptensor.reading import read_array

log = logging.getLogger(__name__)

KIND = "samples"
TITLE = "Own samples"
LICENCE = "the user's own data"
CITATION = "the user's own data"
STANDS_IN_FOR = None


def load(
    folder: Path,
    *,
    path: str,
    key: str | None = None,
    labels: str | None = None,
    training: str | None = None,
    volume: int | None = None,
    reduction: int = 1,
) -> list[Item]:
    """Return the samples (n x h x w or n x p) at `path`, divided by their maximum.

    `key` and `labels` name the arrays of samples and of labels in a `.mat` or `.npz` file, in a structure by dots;
    without a `key` the only array that is no vector is taken. `training` names an array that is not zero for samples to
    learn from, where a task does not draw them. `volume` is the index of one of several volumes in a
    NIfTI file, from 0. Images are reduced to the mean over squares of `reduction` x `reduction` pixels;
    what is left over at the right and below is cut off.
    """
    source = own_path(path)
    if source.is_dir() or source.suffix.lower() in TIFFS:
        if {key, labels, training, volume} != {None}:
            raise ValueError(
                f"{source} is a folder or a file of images; leave out `key`, `labels`, `training` and `volume`"
            )
        samples, classes = read_folder(source) if source.is_dir() else (read_stack(source), None)
        extras = {"labels": classes}
    else:
        samples = read_array(source, key, volume=volume)
        named = {"labels": labels, "training": training}
        extras = {name: None if own is None else read_array(source, own).ravel() for name, own in named.items()}
    if reduction != 1:
        samples = reduced(samples, reduction)
    extras = {name: own for name, own in extras.items() if own is not None}
    return [Item(name_of(source), normalised(str(source), samples), extras=extras)]


def read_folder(folder: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the images of a folder (n x h x w), and of its sub-folders, if it has any, with labels (n,)."""
    classes = in_natural_order(path for path in folder.iterdir() if path.is_dir())
    if not classes:
        return read_images(images_in([folder]), colour=True), None
    log.info("%s: the classes, from 0: %s", folder, ", ".join(path.name for path in classes))
    paths = images_in(classes)
    return read_images(paths, colour=True), np.array([classes.index(path.parent) for path in paths])


def read_stack(path: Path) -> np.ndarray:
    """Return the pages of a TIFF file (n x h x w)."""
    pages = read_pages(path)
    if pages.ndim == 4 and pages.shape[3] != 3:
        raise ValueError(f"{path}: pages of shape {pages.shape[1:]}; pages of one channel or of three are needed")
    return pages if pages.ndim == 3 else pages.mean(axis=-1)


def reduced(images: np.ndarray, factor: int) -> np.ndarray:
    """Return images (n x h x w) as the mean over squares of `factor` x `factor` pixels (n x h // f x w // f)."""
    if images.ndim != 3 or not 1 <= factor <= min(images.shape[1:]):
        raise ValueError(f"an array of shape {images.shape} cannot be reduced by {factor}; n x h x w is needed")
    height, width = (length // factor * factor for length in images.shape[1:])
    return downscale_local_mean(images[:, :height, :width], (1, factor, factor))
