"""Images as files hold them: their values as stored, of one channel or three, singly or many alike from folders."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile

from benchmark.loaders.files import in_natural_order

log = logging.getLogger(__name__)

# A folder of bands may hold a preview beside them, which is none of these.
BANDS = (".pgm", ".png", ".tif", ".tiff")
PICTURES = (*BANDS, ".bmp", ".gif", ".jpeg", ".jpg", ".ppm", ".webp")

# What those modes of Pillow become that do not hold grey levels or red, green and blue as such.
CONVERTED = {"1": "L", "P": "RGBA", "PA": "RGBA", "La": "LA", "RGBa": "RGBA"}
CONVERTED |= dict.fromkeys(("CMYK", "HSV", "LAB", "RGBX", "YCbCr"), "RGB")
# Of 16-bit channels Pillow keeps the first byte; read as these raw modes, a PNG gives the second.
SECOND_BYTES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L", "LA;16B": "RGBA"}


def images_in(folders: Iterable[Path], endings: Sequence[str] = PICTURES) -> list[Path]:
    """Return the images of folders by their endings, folder by folder in natural order, which the log tells.

    Hidden files are skipped. Raises ValueError if a folder has no image.
    """
    found = []
    for folder in folders:
        files = (path for path in folder.iterdir() if path.is_file())
        images = in_natural_order(path for path in files if path.suffix.lower() in endings)
        if not images:
            raise ValueError(f"{folder}: no image in this folder; its files may end with {', '.join(endings)}")
        names = [path.name for path in images]
        shown = names if len(names) <= 12 else [*names[:10], "...", names[-1]]
        log.info("%s: %d images in this order: %s", folder, len(images), ", ".join(shown))
        found += images
    return found


def read_image(path: Path) -> np.ndarray:
    """Return an image (h x w, or in colour h x w x 3), values as stored, turned as its orientation tag says.

    One bit becomes 0 and 255, a palette its colours (or grey levels), and an alpha channel is left out, which the log
    tells. Raises ValueError, which names the file, if it cannot be read or holds several images.
    """
    try:
        values = _read(path)
    except Exception as error:  # each format has its own for a damaged file
        raise ValueError(f"{path} cannot be read: {error}; replace the file, or take it away") from error
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[2] == 3):
        raise ValueError(f"{path}: an image of shape {values.shape}; one of one channel or of three is needed")
    return values


def read_images(paths: Sequence[Path], colour: bool = False) -> np.ndarray:
    """Return grey images as n x h x w, values as stored; where `colour` is allowed, the mean of the three channels.

    Raises ValueError if an image is in colour where that is not allowed, is unlike the first one, or cannot be read.
    """
    images = [read_image(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.ndim != 2 and not colour:
            raise ValueError(f"{path}: an image in colour; a grey one is needed")
        if image.shape[:2] != images[0].shape[:2] or image.dtype != images[0].dtype:
            raise ValueError(
                f"{path}: {image.dtype} of shape {image.shape}, but {paths[0].name} is {images[0].dtype} of shape "
                f"{images[0].shape}; all images must be alike"
            )
    return np.stack([image if image.ndim == 2 else image.mean(axis=-1) for image in images])


def centre(values: np.ndarray, size: int | None) -> np.ndarray:
    """Return the central `size` x `size` pixels of an array h x w x ...; None keeps all.

    Raises ValueError if the array has fewer, or the size is no positive number.
    """
    if size is None:
        return values
    height, width = values.shape[:2]
    if not 1 <= size <= min(height, width):
        raise ValueError(f"a crop of {size} x {size} pixels does not fit into {height} x {width}")
    top, left = (height - size) // 2, (width - size) // 2
    return values[top : top + size, left : left + size]


def _read(path: Path) -> np.ndarray:
    try:
        image = Image.open(path)
    except UnidentifiedImageError:
        if path.suffix.lower() in (".tif", ".tiff"):
            return _read_tiff(path)  # types that Pillow lacks, such as double precision
        raise
    with image:
        if image.format != "MPO":  # a photograph, with previews of it behind
            _refuse_several(getattr(image, "n_frames", 1))
        if image.has_transparency_data:
            log.info("%s: the alpha channel is left out", path)
        if image.format == "TIFF" and image.mode in ("I", "RGB", "RGBA") and _bits(image) > 8:
            return _read_tiff(path)  # of these Pillow keeps one byte a channel, or the wrong sign
        if image.format == "PNG" and image.tile[0][3] in SECOND_BYTES:
            return _read_deep_png(path)
        return _channels(ImageOps.exif_transpose(image))


def _bits(image: TiffImageFile) -> int:
    return max(image.tag_v2.get(BITSPERSAMPLE, (1,)))


def _channels(image: Image.Image) -> np.ndarray:
    """Return the values of an image without its alpha channel; a palette of grey levels gives one channel."""
    plain = image.convert(CONVERTED.get(image.mode, image.mode))
    values = np.asarray(plain)
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if plain.mode in ("LA", "RGBA"):
        values = values[..., :-1]
    is_grey = plain.mode == "LA" or (image.mode in ("P", "PA") and (values == values[..., :1]).all())
    return values[..., 0] if is_grey else values


def _read_deep_png(path: Path) -> np.ndarray:
    """Return a PNG with several channels of 16 bits, of which Pillow gives one byte at a time."""
    with Image.open(path) as first, Image.open(path) as second:
        raw = first.tile[0][3]
        second.tile = [(*tile[:3], SECOND_BYTES[raw]) for tile in second.tile]
        high, low = np.asarray(first).astype(np.uint16), np.asarray(second)
    if raw == "LA;16B":  # the bytes of the grey level come first
        return 256 * high[..., 0] + low[..., 1]
    return 256 * high[..., :3] + low[..., :3]


def _read_tiff(path: Path) -> np.ndarray:
    with tifffile.TiffFile(path) as file:
        _refuse_several(len(file.pages))
        page = file.pages.first
        values = page.asarray()
        if values.ndim == 2:
            return values
        if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
            values = np.moveaxis(values, 0, -1)
        alphas = sum(kind != tifffile.EXTRASAMPLE.UNSPECIFIED for kind in page.extrasamples)
        values = values[..., : values.shape[-1] - alphas]
        return values[..., 0] if values.shape[-1] == 1 else values


def _refuse_several(number: int) -> None:
    if number != 1:
        raise ValueError(f"it holds {number} images, and one is needed")
