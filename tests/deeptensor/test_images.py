"""Images are read in natural order with the values that were written, whatever their depth, channels and format."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import skimage.io
import tifffile
from PIL import Image

from deeptensor.images import PICTURES, images_in, read_image, read_images

DEEP = np.random.default_rng(0).integers(0, 2**16, size=(7, 5, 4), dtype=np.uint16)
SHALLOW = (DEEP >> 8).astype(np.uint8)
BITS = DEEP[..., 0] > 2**15
COLOURS = np.array([[10, 20, 30], [200, 0, 0], [0, 150, 7], [90, 90, 90]], dtype=np.uint8)


def write_png(path: Path, values: np.ndarray, colour_type: int) -> Path:
    """Write a PNG chunk by chunk, as its specification says, with the filter `Up` in every other row."""
    rows = values.astype(values.dtype.newbyteorder(">")).reshape(len(values), -1).view(np.uint8)
    above = np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    lines = [
        b"\x02" + (row - up).tobytes() if i % 2 else b"\0" + row.tobytes()
        for i, (row, up) in enumerate(zip(rows, above, strict=True))
    ]
    header = struct.pack(">IIBBBBB", values.shape[1], len(values), 8 * values.itemsize, colour_type, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(content)
    return path


def assert_read(path: Path, expected: np.ndarray) -> None:
    read = read_image(path)
    assert read.dtype == expected.dtype
    np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize("values", [SHALLOW, DEEP], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize(
    ("colour_type", "written", "kept"),
    [(0, 1, 0), (2, 3, slice(3)), (4, 2, 0), (6, 4, slice(3))],
    ids=["grey", "colour", "grey and alpha", "colour and alpha"],
)
def test_a_png_gives_its_values_without_alpha(tmp_path, values, colour_type, written, kept):
    assert_read(write_png(tmp_path / "x.png", values[..., :written], colour_type), values[..., kept])


@pytest.mark.parametrize("values", [SHALLOW, DEEP], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_colour_tiff_gives_its_values(tmp_path, values, planes, order, compression):
    written = values[..., :3] if planes == "contig" else np.moveaxis(values[..., :3], -1, 0)
    options = {"photometric": "rgb", "planarconfig": planes, "byteorder": order, "compression": compression}
    tifffile.imwrite(tmp_path / "x.tif", written, **options)
    assert_read(tmp_path / "x.tif", values[..., :3])


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.uint32, np.float32, np.float64])
def test_a_grey_tiff_gives_its_values(tmp_path, kind):
    values = (DEEP[..., 0] * (60_000.0 if kind is np.uint32 else 1 / 300)).astype(kind)
    tifffile.imwrite(tmp_path / "x.tiff", values)
    assert_read(tmp_path / "x.tiff", values)


def test_the_alpha_of_a_deep_tiff_is_left_out_which_the_log_tells(tmp_path, caplog):
    tifffile.imwrite(tmp_path / "x.tif", DEEP, photometric="rgb", extrasamples=["unassalpha"])
    with caplog.at_level("INFO"):
        assert_read(tmp_path / "x.tif", DEEP[..., :3])
    assert "x.tif: the alpha channel is left out" in caplog.text


@pytest.mark.parametrize(("name", "options"), [("x.png", {}), ("x.bmp", {}), ("x.tif", {"compression": "group4"})])
def test_one_bit_becomes_black_and_white(tmp_path, name, options):
    Image.fromarray(BITS).save(tmp_path / name, **options)
    assert_read(tmp_path / name, 255 * BITS.astype(np.uint8))


@pytest.mark.parametrize("name", ["x.png", "x.bmp", "x.gif", "x.tif"])
def test_a_palette_becomes_its_colours_or_grey_levels(tmp_path, name):
    indices = SHALLOW[..., 0] // 64
    image = Image.fromarray(indices, mode="P")
    for palette, expected in ((COLOURS, COLOURS[indices]), (COLOURS[:, [0, 0, 0]], COLOURS[indices, 0])):
        image.putpalette(palette.ravel().tolist())
        image.save(tmp_path / name)
        assert_read(tmp_path / name, expected)


def test_a_transparent_colour_of_a_palette_stays_a_colour(tmp_path):
    image = Image.fromarray(SHALLOW[..., 0] // 64, mode="P")
    image.putpalette(COLOURS.ravel().tolist())
    image.save(tmp_path / "x.png", transparency=1)
    assert_read(tmp_path / "x.png", COLOURS[SHALLOW[..., 0] // 64])


def test_a_deep_pgm_gives_its_values(tmp_path):
    skimage.io.imsave(tmp_path / "x.pgm", DEEP[..., 0], check_contrast=False)
    np.testing.assert_array_equal(read_image(tmp_path / "x.pgm"), DEEP[..., 0])


def test_a_photograph_is_turned_as_its_orientation_says(tmp_path):
    image = Image.fromarray(np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None], 16, axis=0))
    image.getexif()[0x0112] = 6  # the first row is the right side, the first column the top
    image.save(tmp_path / "x.jpg", exif=image.getexif(), quality=100)
    read = read_image(tmp_path / "x.jpg")
    assert read.shape == (64, 16)
    np.testing.assert_allclose(read[:, 3], np.arange(0, 256, 4), atol=2)


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.tif", "x.bmp"])
@pytest.mark.parametrize("share", [0, 0.3, 0.7])
def test_a_broken_image_is_named_with_what_to_do(tmp_path, name, share):
    Image.fromarray(SHALLOW.repeat(8, axis=0).repeat(8, axis=1)[..., :3]).save(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: round(share * len(content))])
    with pytest.raises(ValueError, match=rf"{name} cannot be read: .*; replace the file, or take it away"):
        read_image(tmp_path / name)


def test_an_image_of_several_pages_or_bands_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "pages.tif", np.moveaxis(SHALLOW, -1, 0), photometric="minisblack")
    with pytest.raises(ValueError, match=r"pages\.tif cannot be read: it holds 4 images, and one is needed"):
        read_image(tmp_path / "pages.tif")
    tifffile.imwrite(tmp_path / "bands.tif", DEEP, photometric="minisblack", planarconfig="contig")
    with pytest.raises(ValueError, match=r"bands\.tif: an image of shape \(7, 5, 4\); one of one channel or of three"):
        read_image(tmp_path / "bands.tif")


def test_colour_is_the_mean_of_three_channels_where_it_is_allowed(tmp_path):
    images = SHALLOW[..., :3], SHALLOW[..., 3]
    paths = [tmp_path / "colour.png", tmp_path / "grey.png"]
    for path, image in zip(paths, images, strict=True):
        skimage.io.imsave(path, image, check_contrast=False)
    both = read_images(paths, colour=True)
    np.testing.assert_allclose(both, [images[0].astype(float).mean(axis=2), images[1]], rtol=1e-12)


def test_a_folder_lists_its_images_in_natural_order_which_the_log_tells(tmp_path, caplog):
    names = ["a2.PNG", "a10.png", "b.jpg", "b1c2.tif", "b1c10.tif"]
    for name in [*reversed(names), "._a2.PNG", "notes.txt"]:
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    with caplog.at_level("INFO"):
        found = images_in([tmp_path])
    assert [path.name for path in found] == ["a2.PNG", "a10.png", "b1c2.tif", "b1c10.tif", "b.jpg"]
    assert "5 images in this order: a2.PNG, a10.png, b1c2.tif, b1c10.tif, b.jpg" in caplog.text


def test_names_that_differ_in_leading_zeros_alone_have_one_order(tmp_path):
    for name in ("x1.png", "x01.png", "x001.png", "x2.png"):
        (tmp_path / name).touch()
    assert [path.name for path in images_in([tmp_path])] == ["x001.png", "x01.png", "x1.png", "x2.png"]


def test_the_log_of_many_images_is_short(tmp_path, caplog):
    for number in range(200):
        (tmp_path / f"{number}.png").touch()
    with caplog.at_level("INFO"):
        images_in([tmp_path])
    assert "200 images in this order: 0.png, 1.png," in caplog.text
    assert "9.png, ..., 199.png" in caplog.text


def test_folders_follow_each_other_and_one_without_images_is_named(tmp_path):
    for name in ("two/1.png", "one/2.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    assert [path.name for path in images_in([tmp_path / "two", tmp_path / "one"])] == ["1.png", "2.png"]
    with pytest.raises(ValueError, match=rf"no image in this folder; its files may end with {', '.join(PICTURES)}"):
        images_in([tmp_path])
