"""Damaged files of every format are refused with their name, and nothing that is cut short is taken for the whole."""

import io
import logging
import os
import pickle
import random
import struct
import tracemalloc
import warnings
import zipfile

import h5py
import nibabel
import numpy as np
import pytest
import scipy.io
import tifffile
from PIL import Image
from spectral.io import envi

from deeptensor.__main__ import main
from deeptensor.reading import read_array

CUBE = np.random.default_rng(0).integers(0, 2**15, size=(13, 11, 5), dtype=np.int16)
PAGES = np.moveaxis(CUBE, -1, 0)
PICTURE = (CUBE[..., :3] >> 7).astype(np.uint8).repeat(3, axis=0)
CONTENTS = {"cube": CUBE, "line": np.arange(9.0), "facts": {"gain": np.eye(3), "name": "x"}}
CUTS, FLIPS = 40, 40
IMAGES = set("tif png bmp webp ppm jpg gif pgm".split())


def write_hdf5(path, **options):
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("cube", data=CUBE.T, **options)
        file["facts/gain"] = np.eye(3)


def write_lzw(path):
    first, *others = (Image.fromarray(page) for page in (PAGES >> 7).astype(np.uint8))
    first.save(path, save_all=True, append_images=others, compression="tiff_lzw")


def save_nifti(path):
    nibabel.Nifti1Image(CUBE, np.eye(4)).to_filename(path)


WRITERS = {
    "x.npy": lambda path: np.save(path, CUBE),
    "x.npz": lambda path: np.savez(path, cube=CUBE, line=np.arange(9.0)),
    "packed.npz": lambda path: np.savez_compressed(path, cube=CUBE),
    "4.mat": lambda path: scipy.io.savemat(path, {"name": "x", "cube": CUBE[..., 0]}, format="4"),
    "6.mat": lambda path: scipy.io.savemat(path, CONTENTS),
    "7.mat": lambda path: scipy.io.savemat(path, CONTENTS, do_compression=True),
    "73.mat": write_hdf5,
    "packed73.mat": lambda path: write_hdf5(path, chunks=(5, 4, 4), compression="gzip"),
    "x.nii": save_nifti,
    "x.nii.gz": save_nifti,
    "x.hdr": lambda path: envi.save_image(str(path), CUBE),
    "x.img": lambda path: envi.save_image(str(path.with_suffix(".hdr")), CUBE),
    "x.tif": lambda path: tifffile.imwrite(path, PAGES, photometric="minisblack"),
    "zlib.tif": lambda path: tifffile.imwrite(path, PAGES / 3, photometric="minisblack", compression="zlib"),
    "lzw.tif": write_lzw,
    **{f"x.{ending}": lambda path: Image.fromarray(PICTURE).save(path) for ending in ("png", "bmp", "webp", "ppm")},
    **{f"x.{ending}": lambda path: Image.fromarray(PICTURE[..., 0]).save(path) for ending in ("jpg", "gif", "pgm")},
}
EVERY = pytest.mark.parametrize("name", WRITERS)


@pytest.fixture
def written(tmp_path, name):
    """Return a valid file, written anew for each test."""
    WRITERS[name](tmp_path / name)
    return tmp_path / name


def outcome(path):
    """Return the array, or the message of the one kind of error that a damaged file may raise; no warning may come."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return read_array(path)
        except ValueError as error:
            message = str(error)
    assert str(path.parent) in message
    assert "\n" not in message
    return message


@EVERY
def test_a_file_that_is_cut_short_is_refused_or_lacks_no_value(written):
    content, whole, refused = written.read_bytes(), read_array(written), 0
    lengths = {*np.linspace(0, len(content) - 1, CUTS).astype(int).tolist(), *range(len(content) - 9, len(content))}
    for length in lengths:
        written.write_bytes(content[:length])
        found = outcome(written)
        refused += isinstance(found, str)
        if not isinstance(found, str):  # what is behind the values, such as a mark of the end, may be missing
            assert len(content) - length < 60, length
            np.testing.assert_array_equal(found, whole)
    assert refused >= CUTS - 2


@EVERY
def test_changed_bytes_raise_no_other_error_and_log_nothing(written, name, caplog):
    content, rng = written.read_bytes(), random.Random(name)
    with caplog.at_level(logging.WARNING):
        for _ in range(FLIPS):
            changed = bytearray(content)
            for _ in range(rng.choice((1, 3))):
                changed[rng.randrange(min(len(content), rng.choice((600, len(content)))))] = rng.randrange(256)
            written.write_bytes(changed)
            found = outcome(written)
            assert isinstance(found, str) or found.dtype.kind in "biufc"
    assert caplog.records == []


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """Return the content of each file."""
    folders = {name: tmp_path_factory.mktemp("contents") for name in WRITERS}
    for name, folder in folders.items():
        WRITERS[name](folder / name)
    return {name: (folder / name).read_bytes() for name, folder in folders.items()}


@EVERY
def test_another_content_than_the_ending_says_is_refused_but_for_images(written, name, contents):
    ending = written.suffix
    for other, content in contents.items():
        if not other.endswith(ending):
            written.write_bytes(content)
            are_images = {ending[1:], other.rpartition(".")[2]} <= IMAGES  # which the first bytes tell apart
            assert isinstance(outcome(written), str) != are_images, other


@EVERY
def test_nothing_and_a_folder_in_place_of_a_file_are_refused(written, name):
    written.write_bytes(b"")
    assert f"{name} cannot be read: " in outcome(written)
    written.unlink()
    written.mkdir()
    assert "no image in this folder" in outcome(written)
    written.rmdir()
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_array(written)


@EVERY
def test_the_command_line_refuses_a_damaged_file_in_one_line(written, name, capfd):
    content = written.read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"\xff" * (len(content) + 1)):
        written.write_bytes(damaged)
        assert main([str(written), "--rank", "2"]) == 2
        error = capfd.readouterr().err
        assert error.startswith("deeptensor: error: ")
        assert name in error
        assert error.count("\n") == 1


def npy_header(shape, kind="<f8"):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue()


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("cube.npy", content)
    return file.getvalue()


def nifti_header(*sizes):
    header = nibabel.Nifti1Header()
    header.set_data_shape(sizes)
    header["magic"], header["vox_offset"] = b"n+1", 352
    return header.binaryblock + bytes(400)


def matlab_header(*sizes):
    matrix = struct.pack("<4I2I3i4x", 6, 8, 6, 0, 5, 12, *sizes) + struct.pack("<2H4s2I", 1, 4, b"cube", 9, 2**32 - 8)
    return b"x".ljust(124) + b"\x00\x01IM" + struct.pack("<2I", 14, 2**32 - 8) + matrix


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.npy", npy_header((10**4, 10**4, 10**4)) + bytes(80)),
        ("x.npy", npy_header((2**40, 2**40)) + bytes(80)),
        ("x.npz", zipped(npy_header((10**4, 10**4, 10**4)) + bytes(80))),
        ("x.mat", matlab_header(10**4, 10**4, 10**4)),
        ("4.mat", struct.pack("<5I", 0, 2**31 - 1, 2**9, 0, 2) + b"a\0"),
        ("x.nii", nifti_header(10**4, 10**4, 10**4)),
    ],
)
def test_a_header_that_claims_more_than_the_file_holds_is_refused_before_memory_is_taken(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=rf"{name} cannot be read: "):
        read_array(tmp_path / name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6


class Trap:
    """An object that makes a folder where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_python_objects_are_refused_and_never_run(tmp_path, name):
    trap = tmp_path / "sprung"
    array = np.array([Trap(trap), 1], dtype=object)
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    np.savez(tmp_path / "x.npz", cube=array, allow_pickle=True)
    with pytest.raises(ValueError, match=rf"{name} cannot be read: it holds Python objects.*; save an array of num"):
        read_array(tmp_path / name, None if name == "x.npy" else "cube")
    (tmp_path / name).write_bytes(pickle.dumps(Trap(trap)))
    with pytest.raises(ValueError, match=f"{name} cannot be read"):
        read_array(tmp_path / name)
    assert not trap.exists()


def test_two_arrays_in_one_npy_file_are_refused(tmp_path):
    with (tmp_path / "x.npy").open("wb") as file:
        np.save(file, CUBE)
        np.save(file, CUBE)
    with pytest.raises(ValueError, match=r"1558 bytes follow an array of shape \(13, 11, 5\) of int16; save one array"):
        read_array(tmp_path / "x.npy")


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "x.npy")
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        read_array(tmp_path / "x.npy")
