"""The reader of cubes returns from each format the array that was written, and says what is wrong with a file."""

import io
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pytest
import scipy.io
import skimage.io
import tifffile
from PIL import Image
from spectral.io import envi

from deeptensor.reading import read_array, read_cube

CUBE = np.random.default_rng(0).integers(0, 2**16, size=(7, 5, 3), dtype=np.uint16)
OTHER = np.arange(4.0).reshape(2, 2)


def write_mat(path: Path, **arrays: np.ndarray) -> Path:
    scipy.io.savemat(path, arrays)
    return path


def write_mat73(path: Path, **arrays: np.ndarray) -> Path:
    """Write arrays as MATLAB's `save -v7.3` lays them out: column-major data, so HDF5 has the axes in reverse.

    Text stands as the codes of its letters, and of an empty array the sizes of its axes.
    """
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            if array.dtype.kind == "U":
                codes = np.array([[ord(letter)] for letter in str(array)], dtype=np.uint16)
                file.create_dataset(name, data=codes).attrs["MATLAB_class"] = np.bytes_("char")
            elif array.size == 0:
                file.create_dataset(name, data=np.array(array.shape, dtype=np.uint64)).attrs["MATLAB_empty"] = 1
            else:
                file.create_dataset(name, data=array.transpose())
        file.create_group("#refs#")
    return path


def write_npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def write_pngs(folder: Path, bands: list[np.ndarray]) -> Path:
    folder.mkdir()
    for number, band in enumerate(bands):
        skimage.io.imsave(folder / f"band_{number}.png", band, check_contrast=False)
    return folder


KEYED = pytest.mark.parametrize(
    ("write", "name"), [(write_mat, "x.mat"), (write_mat73, "x73.mat"), (write_npz, "x.npz")]
)


@KEYED
def test_a_keyed_file_gives_the_array_written(tmp_path, write, name):
    path = write(tmp_path / name, cube=CUBE, other=OTHER)
    np.testing.assert_array_equal(read_cube(path, "cube"), CUBE)
    np.testing.assert_array_equal(read_array(path, "other"), OTHER)
    assert read_cube(path, "cube").dtype == np.uint16


@KEYED
def test_the_key_of_a_single_array_is_not_needed(tmp_path, write, name):
    np.testing.assert_array_equal(read_cube(write(tmp_path / name, cube=CUBE)), CUBE)


BESIDE = {
    "description": np.array("a scene"),
    "none": np.zeros((0, 0, 4)),
    "gain": np.array([[2.5]]),
}


@KEYED
def test_text_empty_arrays_and_single_numbers_are_never_meant(tmp_path, write, name):
    np.testing.assert_array_equal(read_cube(write(tmp_path / name, **BESIDE, cube=CUBE)), CUBE)
    np.testing.assert_array_equal(read_array(write(tmp_path / name, **BESIDE, other=OTHER[:1])), OTHER[:1])


@KEYED
def test_the_only_array_with_three_axes_is_the_cube_whatever_lies_beside_it(tmp_path, write, name):
    wavelengths = np.linspace(400, 700, 3)[None]
    path = write(tmp_path / name, wavelengths=wavelengths, mask=OTHER, cube=CUBE, **BESIDE)
    np.testing.assert_array_equal(read_cube(path), CUBE)


@KEYED
def test_the_only_array_that_is_no_vector_is_meant_where_axes_are_open(tmp_path, write, name):
    path = write(tmp_path / name, labels=np.array([[1], [2]]), other=OTHER)
    np.testing.assert_array_equal(read_array(path), OTHER)


@KEYED
@pytest.mark.parametrize(
    ("key", "complaint"), [("cub", "no array 'cub'"), ("none", "no array 'none'"), (None, "set `key`")]
)
def test_an_unsettled_key_lists_the_arrays_and_their_shapes(tmp_path, write, name, key, complaint):
    path = write(tmp_path / name, cube=CUBE, other=OTHER, second=CUBE, none=BESIDE["none"])
    with pytest.raises(ValueError, match=rf"{complaint}.*cube \(7, 5, 3\), other \(2, 2\), second \(7, 5, 3\)$"):
        read_cube(path, key)


@KEYED
def test_a_file_without_arrays_says_so(tmp_path, write, name):
    with pytest.raises(ValueError, match="the file holds no arrays of numbers"):
        read_cube(write(tmp_path / name, description=np.array("a scene")))


def test_objects_beside_an_array_are_passed_over(tmp_path):
    np.savez(tmp_path / "x.npz", cube=CUBE, names=np.array(["a", None], dtype=object))
    np.testing.assert_array_equal(read_cube(tmp_path / "x.npz"), CUBE)
    scipy.io.savemat(tmp_path / "x.mat", {"cube": CUBE, "facts": {"sensor": 3, "bands": CUBE}, "logical": OTHER > 1})
    np.testing.assert_array_equal(read_cube(tmp_path / "x.mat"), CUBE)


@pytest.mark.parametrize("name", ["x.mat", "x.npz", "x.npy", "x.nii"])
def test_a_damaged_file_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=rf"{name} cannot be read: "):
        read_cube(tmp_path / name)


def test_npy_gives_the_array_written(tmp_path):
    np.save(tmp_path / "x.npy", CUBE)
    np.testing.assert_array_equal(read_cube(tmp_path / "x.npy"), CUBE)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_folder_gives_its_bands_in_natural_order(tmp_path, kind):
    cube = (CUBE >> 8).astype(kind) if kind is np.uint8 else CUBE
    folder = write_pngs(tmp_path / "bands", list(np.moveaxis(cube, -1, 0)))
    (folder / "notes.txt").write_text("not a band")
    skimage.io.imsave(folder / "a_preview.bmp", np.zeros((7, 5, 3), np.uint8), check_contrast=False)
    assert read_cube(folder).dtype == kind
    np.testing.assert_array_equal(read_cube(folder), cube)


@pytest.mark.parametrize("ending", ["tif", "tiff", "TIF", "pgm"])
def test_bands_need_not_be_pngs(tmp_path, ending):
    bands = (CUBE >> 8).astype(np.uint8)
    for number in range(3):
        skimage.io.imsave(tmp_path / f"{number}.{ending}", bands[..., number], check_contrast=False)
    np.testing.assert_array_equal(read_cube(tmp_path), bands)


@pytest.mark.parametrize(
    ("bands", "complaint"),
    [
        ([], "no image in this folder"),
        ([CUBE[..., 0], CUBE[:-1, :, 1]], r"band_1.png: uint16 of shape \(6, 5\).*\(7, 5\)"),
        ([CUBE[..., 0], (CUBE[..., 1] >> 8).astype(np.uint8)], "band_1.png: uint8.*band_0.png is uint16"),
        ([(CUBE >> 8).astype(np.uint8)], "an image in colour"),
    ],
)
def test_bands_that_make_no_cube_are_refused(tmp_path, bands, complaint):
    with pytest.raises(ValueError, match=complaint):
        read_cube(write_pngs(tmp_path / "bands", bands))


def test_a_matrix_is_no_cube(tmp_path):
    np.save(tmp_path / "x.npy", OTHER)
    with pytest.raises(ValueError, match=r"shape \(2, 2\) is no cube"):
        read_cube(tmp_path / "x.npy")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.mat does not exist"):
        read_cube(tmp_path / "gone.mat")


def test_an_unknown_ending_lists_the_known(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"")
    with pytest.raises(ValueError, match=r"'\.csv'.*\.mat, \.npz, \.nii, \.nii\.gz, \.npy, .*or a folder of images"):
        read_cube(tmp_path / "x.csv")


def test_a_key_that_has_no_use_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", CUBE)
    with pytest.raises(ValueError, match="leave out the key 'cube'"):
        read_cube(tmp_path / "x.npy", "cube")


@pytest.mark.parametrize("name", ["x.MAT", "x.NPY", "x.NPZ", "x.NII", "x.NII.GZ", "x.TIF", "x.HDR"])
def test_endings_may_be_in_capitals(tmp_path, name):
    write = {
        ".MAT": lambda path: scipy.io.savemat(path, {"cube": CUBE}, appendmat=False),
        ".NPY": lambda path: path.write_bytes(npy_of(CUBE)),
        ".NPZ": lambda path: write_npz(path.with_suffix(".npz"), cube=CUBE).rename(path),
        ".NII": lambda path: nibabel.Nifti1Image(CUBE, np.eye(4)).to_filename(path),
        ".GZ": lambda path: nibabel.Nifti1Image(CUBE, np.eye(4)).to_filename(path),
        ".TIF": lambda path: tifffile.imwrite(path, np.moveaxis(CUBE, -1, 0), photometric="minisblack"),
        ".HDR": lambda path: envi.save_image(str(path), CUBE, ext=".IMG"),
    }
    write[Path(name).suffix](tmp_path / name)
    np.testing.assert_array_equal(read_cube(tmp_path / name), CUBE)


def npy_of(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("kind", "u1 i1 u2 i2 u4 f4 f8".split())
@pytest.mark.parametrize(
    "options", [{}, {"compression": "zlib"}, {"byteorder": ">"}, {"bigtiff": True}, {"tile": (16, 16)}]
)
def test_the_pages_of_a_tiff_file_are_bands(tmp_path, kind, options):
    cube = (CUBE - 3e4 if kind[0] in "if" else CUBE / 300).astype(np.float64)
    cube = (cube / 300 if kind == "i1" else cube).astype(kind)
    tifffile.imwrite(tmp_path / "x.tif", np.moveaxis(cube, -1, 0), photometric="minisblack", **options)
    read = read_cube(tmp_path / "x.tif")
    assert read.dtype == kind
    np.testing.assert_array_equal(read, cube)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "raw"])
def test_compressed_pages_and_pages_of_one_bit_are_read(tmp_path, compression):
    for bands, expected in ((CUBE >> 8, CUBE >> 8), (CUBE > 2**15, 255 * (CUBE > 2**15))):
        pages = [Image.fromarray(band.astype(bool if bands.dtype == bool else np.uint8)) for band in bands.T]
        pages[0].save(tmp_path / "x.tif", save_all=True, append_images=pages[1:], compression=compression)
        np.testing.assert_array_equal(read_cube(tmp_path / "x.tif"), expected.transpose(1, 0, 2))


def test_a_stack_that_has_one_directory_for_all_its_pages_is_read_whole(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", np.moveaxis(CUBE, -1, 0), photometric="minisblack", metadata=None)
    tifffile.imwrite(tmp_path / "y.tif", np.moveaxis(CUBE, -1, 0), photometric="minisblack", truncate=True)
    assert (tmp_path / "y.tif").stat().st_size < (tmp_path / "x.tif").stat().st_size
    np.testing.assert_array_equal(read_cube(tmp_path / "y.tif"), CUBE)


def test_the_channels_of_an_image_are_bands_and_one_page_is_a_matrix_unless_a_cube_is_asked_for(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", np.dstack([CUBE, CUBE]), photometric="minisblack", planarconfig="contig")
    np.testing.assert_array_equal(read_cube(tmp_path / "x.tif"), np.dstack([CUBE, CUBE]))
    colours = (CUBE >> 8).astype(np.uint8)
    skimage.io.imsave(tmp_path / "x.png", colours, check_contrast=False)
    np.testing.assert_array_equal(read_cube(tmp_path / "x.png"), colours)
    tifffile.imwrite(tmp_path / "y.tif", CUBE[..., 0])
    np.testing.assert_array_equal(read_array(tmp_path / "y.tif"), CUBE[..., 0])
    np.testing.assert_array_equal(read_cube(tmp_path / "y.tif"), CUBE[..., :1])


def test_pages_that_make_no_cube_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "x.tif") as file:
        file.write(CUBE[..., 0])
        file.write(CUBE[:5, :, 0])
    with pytest.raises(ValueError, match=r"its pages are not alike: \(7, 5\), \(5, 5\); split it"):
        read_cube(tmp_path / "x.tif")
    tifffile.imwrite(tmp_path / "y.tif", np.stack([CUBE, CUBE]), photometric="rgb")
    with pytest.raises(ValueError, match=r"y\.tif: 2 pages in colour; grey ones are needed"):
        read_cube(tmp_path / "y.tif")


def test_a_smaller_copy_of_the_pages_does_not_count(tmp_path):
    with tifffile.TiffWriter(tmp_path / "x.tif") as file:
        file.write(np.moveaxis(CUBE, -1, 0), photometric="minisblack")
        file.write(CUBE[:3, :2, 0], subfiletype=1)
    np.testing.assert_array_equal(read_cube(tmp_path / "x.tif"), CUBE)


def test_images_that_are_no_usual_bands_make_a_cube_where_there_are_no_others(tmp_path):
    for number in range(12):
        skimage.io.imsave(tmp_path / f"{number}.bmp", (CUBE[..., 0] >> 8).astype(np.uint8) // (number + 1))
    expected = np.stack([(CUBE[..., 0] >> 8) // (number + 1) for number in range(12)], axis=-1)
    np.testing.assert_array_equal(read_cube(tmp_path), expected)
