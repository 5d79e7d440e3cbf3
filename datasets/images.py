"""Images of your own, of any sizes: a file, or a folder of them, that `path` names.

Read are PNG, TIFF, JPEG, BMP, GIF, WebP, PGM and PPM, of 1, 8 or 16 bits a channel, grey, in colour or with a palette;
an alpha channel is left out. The terms of the data are yours to mind.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.files import own_path
from benchmark.loaders.images import PICTURES, centre, images_in, read_image
from benchmark.loaders.signals import name_of, normalised

KIND = "images"
TITLE = "Own images"
LICENCE = "the user's own data"
CITATION = "the user's own data"
STANDS_IN_FOR = None

LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue, by ITU-R BT.601


def load(
    folder: Path, *, path: str, channels: Literal["luminance", "colour"] = "luminance", size: int | None = None
) -> list[Item]:
    """Return each image at `path` as an item of its file's name, in natural order, divided by its maximum.

    `channels` are the one of luminance (h x w), or three in "colour" (h x w x 3), of a grey image all the same. Each
    image is cropped to its central `size` x `size` pixels. Raises ValueError, which names the file, for one that cannot
    be read, is smaller than `size`, or is all of one value.
    """
    source = own_path(path)
    if not source.is_dir() and source.suffix.lower() not in PICTURES:
        raise ValueError(f"{source} is no image; give a folder of them, or a file that ends with {', '.join(PICTURES)}")
    paths = images_in([source]) if source.is_dir() else [source]
    return [Item(name_of(own), prepared(own, channels, size)) for own in paths]


def prepared(path: Path, channels: str, size: int | None) -> np.ndarray:
    """Return one image, with its channels, cropped and divided by its maximum."""
    image = read_image(path)
    if channels == "colour" and image.ndim == 2:
        image = np.stack([image] * 3, axis=-1)
    elif channels == "luminance" and image.ndim == 3:
        image = image @ np.array(LUMINANCE)
    try:
        cut = centre(image, size)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return normalised(str(path), cut)
