"""Samples of your own, from a file or a folder of images that `path` names.

A file, of any format that `cube` reads, holds the samples along the first axis. A folder holds one image a sample; or
one sub-folder a class, which labels the samples by the number of their sub-folder, from 0. Both are in natural order
(`face_2` before `face_10`). Colour images become the mean of their channels. The terms of the data are yours to mind.
"""

import logging
from pathlib import Path

import numpy as np
from skimage.transform import downscale_local_mean

from benchmark.contract import Item
from benchmark.loaders.cubes import read_array
from benchmark.loaders.files import in_natural_order, own_path
from benchmark.loaders.images import images_in, read_images
from benchmark.loaders.signals import name_of, normalised

log = logging.getLogger(__name__)

KIND = "samples"
TITLE = "Own samples"
LICENCE = "the user's own data"
CITATION = "the user's own data"
STANDS_IN_FOR = None


def load(
    folder: Path, *, path: str, key: str | None = None, labels: str | None = None, reduction: int = 1
) -> list[Item]:
    """Return the samples (n x h x w or n x p) at `path`, divided by their maximum.

    `key` and `labels` name the arrays of samples and of labels in a `.mat` or `.npz` file; without a `key` the only
    array that is no vector is taken. Images are reduced to the mean over squares of `reduction` x `reduction` pixels;
    what is left over at the right and below is cut off.
    """
    source = own_path(path)
    if source.is_dir():
        if key or labels:
            raise ValueError(f"{source} is a folder, whose arrays have no names; leave out `key` and `labels`")
        samples, classes = read_folder(source)
    else:
        samples = read_array(source, key)
        classes = None if labels is None else read_array(source, labels).ravel()
    if reduction != 1:
        samples = reduced(samples, reduction)
    extras = {} if classes is None else {"labels": classes}
    return [Item(name_of(source), normalised(str(source), samples), extras=extras)]


def read_folder(folder: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the images of a folder (n x h x w), and of its sub-folders, if it has any, with labels (n,)."""
    classes = in_natural_order(path for path in folder.iterdir() if path.is_dir())
    if not classes:
        return read_images(images_in([folder]), colour=True), None
    log.info("%s: the classes, from 0: %s", folder, ", ".join(path.name for path in classes))
    paths = images_in(classes)
    return read_images(paths, colour=True), np.array([classes.index(path.parent) for path in paths])


def reduced(images: np.ndarray, factor: int) -> np.ndarray:
    """Return images (n x h x w) as the mean over squares of `factor` x `factor` pixels (n x h // f x w // f)."""
    if images.ndim != 3 or not 1 <= factor <= min(images.shape[1:]):
        raise ValueError(f"an array of shape {images.shape} cannot be reduced by {factor}; n x h x w is needed")
    height, width = (length // factor * factor for length in images.shape[1:])
    return downscale_local_mean(images[:, :height, :width], (1, factor, factor))
