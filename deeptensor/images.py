"""Images as files hold them: their values as stored, of one channel or three, singly or many alike from folders."""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deeptensor.extras import FILES, needed
from deeptensor.refusal import PACKED, Refused, readable, refuse_excess

if TYPE_CHECKING:
    from PIL import Image
    from tifffile import TiffPage, TiffPageSeries

log = logging.getLogger(__name__)

TIFFS = (".tif", ".tiff")
# A folder of bands may hold a preview beside them, which is none of these.
BANDS = (".pgm", ".png", *TIFFS)
PICTURES = (*BANDS, ".bmp", ".gif", ".jpeg", ".jpg", ".ppm", ".webp")
ADVICE = "replace the file, or take it away"

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Values of the tags SampleFormat and ExtraSamples.
SIGNED, UNSPECIFIED = 2, 0
# Three readers of formats that spread over several files, which would open others by the names that one gives.
ALONE = {"is_ome": False, "is_mmstack": False, "is_ndtiff": False}
# What those modes of Pillow become that do not hold grey levels or red, green and blue as such.
CONVERTED = {"1": "L", "P": "RGBA", "PA": "RGBA", "La": "LA", "RGBa": "RGBA"}
CONVERTED |= dict.fromkeys(("CMYK", "HSV", "LAB", "RGBX", "YCbCr"), "RGB")
# Of 16-bit channels Pillow keeps the first byte; read as these raw modes, a PNG gives the second.
SECOND_BYTES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L", "LA;16B": "RGBA"}


def is_hidden(path: Path) -> bool:
    """Tell whether a file or folder is hidden by a dot, such as those that macOS lays beside others (`._x.png`)."""
    return path.name.startswith(".")


def in_natural_order(paths: Iterable[Path]) -> list[Path]:
    """Return the paths that are not hidden by their names, numbers in these by value: `band_2` before `band_10`.

    Raises ImportError, which says what to install, where natsort is not.
    """
    with needed("natsort", by="a folder of images", install=FILES):
        from natsort import natsorted
    return natsorted(sorted(path for path in paths if not is_hidden(path)), key=lambda path: path.name)


def images_in(folders: Iterable[Path], endings: Sequence[str] = PICTURES) -> list[Path]:
    """Return the images of folders by their endings, folder by folder in natural order, which the log tells.

    Hidden files are skipped. Raises ValueError if a folder cannot be read or has no image.
    """
    found = []
    for folder in folders:
        with readable(folder, "give a folder that can be read"):
            files = [path for path in folder.iterdir() if path.is_file()]
        images = in_natural_order(path for path in files if path.suffix.lower() in endings)
        if not images:
            raise ValueError(f"{folder}: no image in this folder; its files may end with {', '.join(endings)}")
        names = [path.name for path in images]
        shown = names if len(names) <= 12 else [*names[:10], "...", names[-1]]
        log.info("%s: %d images in this order: %s", folder, len(images), ", ".join(shown))
        found += images
    return found


def read_image(path: Path) -> np.ndarray:
    """Return an image (h x w, or in colour h x w x 3), as `read_pages` does.

    Raises what that does, and ValueError if the file holds several images, or one with other channels.
    """
    pages = read_pages(path)
    if len(pages) != 1:
        raise ValueError(f"{path} cannot be read: it holds {len(pages)} images, and one is needed")
    if pages.ndim == 4 and pages.shape[3] != 3:
        raise ValueError(f"{path}: an image of shape {pages.shape[1:]}; one of one channel or of three is needed")
    return pages[0]


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


def read_pages(path: Path) -> np.ndarray:
    """Return the pages of an image file as n x h x w, or n x h x w x channels: values as stored, one page but for TIFF.

    They are turned as an orientation tag says. One bit becomes 0 and 255, a palette its colours (or grey levels), and
    an alpha channel is left out, which the log tells. Raises ValueError, which names the file, if it cannot be read or
    its pages are not alike, and ImportError, which says what to install, where Pillow or tifffile is not.
    """
    with readable(path, ADVICE):
        with path.open("rb") as file:
            is_tiff = file.read(4) in TIFF_STARTS
        return _read_tiff(path) if is_tiff else _read_picture(path)[None]


def _read_picture(path: Path) -> np.ndarray:
    with needed("Pillow", by="an image", install=FILES):
        from PIL import Image
    with Image.open(path) as image:
        if image.format == "PNG":
            image.verify()  # by its checksums, which are not looked at in reading
    with Image.open(path) as image:
        number = getattr(image, "n_frames", 1)
        if number != 1 and image.format != "MPO":  # a photograph, with previews of it behind
            raise Refused(f"it holds {number} images, and one is needed")
        if image.has_transparency_data:
            log.info("%s: the alpha channel is left out", path)
        if image.format == "PNG" and image.tile[0][3] in SECOND_BYTES:
            return _read_deep_png(path)
        return _values_of(image)


def _read_deep_png(path: Path) -> np.ndarray:
    """Return a PNG with several channels of 16 bits, of which Pillow gives one byte at a time."""
    from PIL import Image

    with Image.open(path) as first, Image.open(path) as second:
        raw = first.tile[0][3]
        second.tile = [(*tile[:3], SECOND_BYTES[raw]) for tile in second.tile]
        high, low = np.asarray(first).astype(np.uint16), np.asarray(second)
    if raw == "LA;16B":  # the bytes of the grey level come first
        return 256 * high[..., 0] + low[..., 1]
    return 256 * high[..., :3] + low[..., :3]


def _values_of(image: "Image.Image") -> np.ndarray:
    """Return the values of an image without its alpha channel; a palette of grey levels gives one channel."""
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    plain = image.convert(CONVERTED.get(image.mode, image.mode))
    values = np.asarray(plain)
    if plain.mode in ("LA", "RGBA"):
        values = values[..., :-1]
    is_grey = plain.mode == "LA" or (image.mode in ("P", "PA") and (values == values[..., :1]).all())
    return values[..., 0] if is_grey else values


def _read_tiff(path: Path) -> np.ndarray:
    with needed("tifffile", by="a TIFF file", install=FILES):
        import tifffile
    with tifffile.TiffFile(path, **ALONE) as file:
        kinds = [series for series in file.series if not series.keyframe.is_reduced]
        if len(kinds) != 1:
            shapes = ", ".join(str(series.shape) for series in kinds) or "none"
            raise Refused(f"its pages are not alike: {shapes}; split it into files of one kind of pages")
        (series,) = kinds
        _refuse_cut_tiff(series, path.stat().st_size)
        number = series.size // series.keyframe.size
        pages = _pages_by_pillow(path, series.keyframe) if len(file.pages) == number else None
        return _pages_by_tifffile(path, series, number) if pages is None else np.stack(pages)


def _refuse_cut_tiff(series: "TiffPageSeries", size: int) -> None:
    """Refuse a file that does not hold all parts of its pages, for which tifffile would fill in zeros."""
    claim = f"pages of shape {series.shape} of {series.dtype}"
    refuse_excess(claim, series.nbytes, PACKED * size)
    if series.dataoffset is not None:  # the pages follow each other as one array
        refuse_excess(claim, series.dataoffset + series.nbytes, size)
    for page in series.pages:
        parts = [] if page is None else list(zip(page.dataoffsets, page.databytecounts, strict=True))
        if not all(offset and length for offset, length in parts):
            raise Refused("parts of its pages are missing; replace the file")
        refuse_excess(claim, max((offset + length for offset, length in parts), default=0), size)


def _pages_by_pillow(path: Path, page: "TiffPage") -> list[np.ndarray] | None:
    """Return the pages as Pillow reads them, None of types that it lacks, such as double precision.

    It knows more compressions than tifffile does alone.
    """
    with needed("Pillow", by="an image", install=FILES):
        from PIL import Image, ImageSequence, UnidentifiedImageError
    try:
        with _silent():
            image = Image.open(path)
    except UnidentifiedImageError:
        return None
    with image, _silent():
        deep = image.mode in ("I", "RGB", "RGBA") and np.max(page.bitspersample) > 8
        if deep or page.sampleformat == SIGNED:  # of these Pillow keeps one byte a channel, or the wrong sign
            return None
        if image.has_transparency_data:
            log.info("%s: the alpha channel is left out", path)
        return [_values_of(frame) for frame in ImageSequence.Iterator(image)]


@contextmanager
def _silent() -> Iterator[None]:
    """Keep from the standard error what libtiff, below Pillow, writes there of a damaged file."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _pages_by_tifffile(path: Path, series: "TiffPageSeries", number: int) -> np.ndarray:
    page = series.keyframe
    values = series.asarray().reshape(number, *page.shape)
    if values.ndim == 3:
        return values
    if page.axes[0] == "S":  # one plane a channel
        values = np.moveaxis(values, 1, -1)
    alphas = sum(kind != UNSPECIFIED for kind in page.extrasamples)
    if alphas:
        log.info("%s: the alpha channel is left out", path)
        values = values[..., :-alphas]
    return values[..., 0] if values.shape[-1] == 1 else values
