"""Images of your own, of any sizes: a file, or a folder of them, that `path` names.

Read are PNG, TIFF, JPEG, BMP, GIF, WebP, PGM and PPM, of 1, 8 or 16 bits a channel, grey, in colour or with a palette;
an alpha channel is left out. A single file may be any that `cube` reads, if it holds an array of h x w or h x w x 3.
The terms of the data are yours to mind.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.colours import luminance
from benchmark.loaders.cubes import centre
from benchmark.loaders.files import own_path
from benchmark.loaders.signals import names_of, normalised
from deeptensor.images import PICTURES, images_in, read_image
from deeptensor.reading import read_array

KIND = "images"
TITLE = "Own images"
LICENCE = "the user's own data"
CITATION = "the user's own data"
STANDS_IN_FOR = None


def load(
    folder: Path,
    *,
    path: str,
    key: str | None = None,
    volume: int | None = None,
    channels: Literal["luminance", "colour"] = "luminance",
    size: int | None = None,
) -> list[Item]:
    """Return each image at `path` as an item of its file's name, in natural order, divided by its maximum.

    `key` names one of several arrays in a `.mat` or `.npz` file, `volume` one of several in a NIfTI file, from 0.
    `channels` are the one of luminance (h x w), or three in "colour" (h x w x 3), of a grey image all the same. Each
    image is cropped to its central `size` x `size` pixels. Raises ValueError, which names the file, for one that cannot
    be read, is smaller than `size`, or is all of one value.
    """
    source = own_path(path)
    paths = images_in([source]) if source.is_dir() else [source]
    images = (
        read_image(own) if own.suffix.lower() in PICTURES else read_array(own, key, volume=volume) for own in paths
    )
    named = zip(names_of(paths), paths, images, strict=True)
    return [Item(name, prepared(own, image, channels, size)) for name, own, image in named]


def prepared(path: Path, image: np.ndarray, channels: str, size: int | None) -> np.ndarray:
    """Return the image of a file, with its channels, cropped and divided by its maximum."""
    if image.ndim != 2 and image.shape[2:] != (3,):
        raise ValueError(f"{path}: an array of shape {image.shape} is no image; h x w or h x w x 3 is needed")
    if channels == "colour" and image.ndim == 2:
        image = np.stack([image] * 3, axis=-1)
    elif channels == "luminance" and image.ndim == 3:
        image = luminance(image)
    try:
        cut = centre(image, size)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return normalised(str(path), cut)
