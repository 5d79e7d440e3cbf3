"""NIfTI files, laid out byte by byte as the format's header file says, give the voxels that were written."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from deeptensor.reading import read_array, read_cube

VOLUME = np.random.default_rng(0).integers(0, 100, size=(4, 3, 2))


def nifti(
    voxels: np.ndarray,
    datatype: int,
    order: str = "<",
    scaling: tuple[float, float] = (0, 0),
    magic: bytes = b"n+1\0",
    dim: tuple[int, ...] = (3, 4, 3, 2, 1, 1, 1, 1),
) -> bytes:
    """Return a file: offsets of the fields as in nifti1.h, voxels with the first axis the fastest."""
    header = bytearray(352)
    for offset, form, values in (
        (0, "i", [348]),
        (40, "8h", dim),
        (70, "h", [datatype]),
        (72, "h", [8 * voxels.itemsize]),
        (108, "f", [352]),
        (112, "2f", scaling),
        (344, "4s", [magic]),
    ):
        struct.pack_into(order + form, header, offset, *values)
    return bytes(header) + voxels.astype(voxels.dtype.newbyteorder(order)).tobytes(order="F")


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
@pytest.mark.parametrize(
    ("datatype", "kind"),
    [(2, np.uint8), (4, np.int16), (8, np.int32), (16, np.float32), (64, np.float64), (256, np.int8), (512, np.uint16)],
)
def test_a_file_gives_the_voxels_written(tmp_path, order, name, datatype, kind):
    read = read_array(write(tmp_path / name, nifti(VOLUME.astype(kind), datatype, order)))
    assert read.dtype == kind
    np.testing.assert_array_equal(read, VOLUME)


def test_a_cube_can_be_a_nifti_file(tmp_path):
    np.testing.assert_array_equal(read_cube(write(tmp_path / "x.nii.gz", nifti(VOLUME.astype("u1"), 2))), VOLUME)
    with pytest.raises(ValueError, match="leave out the key 'img'"):
        read_cube(tmp_path / "x.nii.gz", "img")


@pytest.mark.parametrize(
    ("scaling", "expected", "dtype"),
    [
        ((0.5, -3), VOLUME / 2 - 3, np.float64),
        ((1, 0), VOLUME, np.int16),
        ((0, 7), VOLUME, np.int16),
        ((np.nan, np.nan), VOLUME, np.int16),
    ],
)
def test_slope_and_intercept_scale_the_voxels_unless_there_is_no_slope(tmp_path, scaling, expected, dtype):
    content = nifti(VOLUME.astype(np.int16), 4, scaling=scaling)
    read = read_array(write(tmp_path / "x.nii", content))
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, expected)


def test_axes_of_length_one_at_the_end_are_left_out(tmp_path):
    content = nifti(VOLUME.astype(np.uint8), 2, dim=(5, 4, 3, 2, 1, 1, 1, 1))
    assert read_array(write(tmp_path / "x.nii", content)).shape == (4, 3, 2)


def test_a_single_slice_is_a_cube_of_one_band(tmp_path):
    path = write(tmp_path / "x.nii", nifti(VOLUME[..., 0].astype(np.uint8), 2, dim=(4, 4, 3, 1, 1, 1, 1, 1)))
    np.testing.assert_array_equal(read_cube(path), VOLUME[..., :1])
    np.testing.assert_array_equal(read_array(path), VOLUME[..., 0])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (nifti(VOLUME.astype(np.int16), 4, scaling=(2, np.nan)), "bad header: .*intercept nan"),
        (nifti(VOLUME.astype(np.uint8), 999), "bad header: data code 999"),
        (
            nifti(VOLUME.astype(np.int16), 4)[:-1],
            "more than the file holds|Expected 48 bytes, got 47 bytes",
        ),
        (b"not a volume", "Cannot work out file type"),
        (bytes(400), "Cannot work out file type"),
    ],
)
@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path, content, complaint, name):
    with pytest.raises(ValueError, match=rf"{name} cannot be read: .*({complaint})"):
        read_cube(write(tmp_path / name, content))


@pytest.fixture
def scan(tmp_path):
    """Return a file with six volumes, in two rows of three, and the volumes in the order of the file."""
    voxels = np.arange(4 * 3 * 2 * 6).reshape(4, 3, 2, 3, 2).astype(np.int16)
    path = write(tmp_path / "x.nii.gz", nifti(voxels, 4, scaling=(2, 1), dim=(5, 4, 3, 2, 3, 2, 1, 1)))
    return path, [2 * voxels[..., index % 3, index // 3] + 1.0 for index in range(6)]


def test_one_of_several_volumes_is_read_by_its_index(scan):
    path, volumes = scan
    for index, volume in enumerate(volumes):
        np.testing.assert_array_equal(read_cube(path, volume=index), volume)


@pytest.mark.parametrize(
    ("volume", "complaint"),
    [
        (None, r"holds 6 volumes of \(4, 3, 2\); say which by `volume`, 0 to 5"),
        (6, "no volume 6; the file holds 6, from 0 to 5"),
        (-1, "no volume -1"),
    ],
)
def test_a_volume_that_is_not_settled_is_refused_with_their_number(scan, volume, complaint):
    with pytest.raises(ValueError, match=complaint):
        read_array(scan[0], volume=volume)


def test_the_only_volume_may_be_named_and_other_formats_have_none(tmp_path):
    path = write(tmp_path / "x.nii", nifti(VOLUME.astype(np.uint8), 2))
    np.testing.assert_array_equal(read_array(path, volume=0), VOLUME)
    np.save(tmp_path / "x.npy", VOLUME)
    with pytest.raises(ValueError, match=r"x\.npy has no numbered volumes, as NIfTI files do; leave out the volume 0"):
        read_array(tmp_path / "x.npy", volume=0)


def test_a_damaged_byte_after_compression_is_refused(tmp_path):
    content = bytearray(gzip.compress(nifti(VOLUME.astype(np.uint8), 2)))
    content[-6] ^= 1  # of the checksum
    (tmp_path / "x.nii.gz").write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.nii\.gz cannot be read: "):
        read_array(tmp_path / "x.nii.gz")


def test_a_volume_cut_short_after_compression_is_refused(tmp_path):
    voxels = np.random.default_rng(1).integers(0, 99, size=(40, 30, 20)).astype(np.int16)
    content = gzip.compress(nifti(voxels, 4, dim=(3, 40, 30, 20, 1, 1, 1, 1)))
    (tmp_path / "x.nii.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"x\.nii\.gz cannot be read: "):
        read_cube(tmp_path / "x.nii.gz")
