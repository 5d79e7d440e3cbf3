"""MATLAB's files of all versions give the arrays that SciPy and h5py wrote, by dotted names inside structures."""

import struct

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse

from deeptensor.reading import read_array, read_cube

CUBE = np.random.default_rng(0).integers(0, 2**16, size=(4, 5, 3), dtype=np.uint16)
WAVELENGTHS = np.linspace(400, 1000, 40)[None]
BESIDE = {"name": "a scene", "none": np.zeros((0, 3)), "gain": 2.5, "wavelengths": WAVELENGTHS}
OPTIONS = {"version 6": {}, "version 7": {"do_compression": True}}


def write_version_7_3(path, **contents):
    """Write arrays and structures (mappings) as MATLAB's `save -v7.3` does."""

    def fill(group, members):
        for name, value in members.items():
            if isinstance(value, dict):
                fill(group.create_group(name), value)
                group[name].attrs["MATLAB_class"] = np.bytes_("struct")
            elif isinstance(value, str):
                codes = np.array([[ord(letter)] for letter in value], dtype=np.uint16)
                group.create_dataset(name, data=codes).attrs["MATLAB_class"] = np.bytes_("char")
            else:
                array = np.atleast_2d(value).T
                if array.dtype.kind == "c":
                    array = np.ascontiguousarray(array).view([("real", "f8"), ("imag", "f8")])
                kind = array.dtype.name if array.dtype.kind in "iu" else "double"
                group.create_dataset(name, data=array).attrs["MATLAB_class"] = np.bytes_(kind)

    with h5py.File(path, "w", userblock_size=512) as file:
        fill(file, contents)
        file.create_group("#refs#").create_dataset("a", data=CUBE)
    return path


def write_version_7(path, **contents):
    scipy.io.savemat(path, contents, do_compression=True)
    return path


BOTH = pytest.mark.parametrize("write", [write_version_7, write_version_7_3])


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("kind", "u1 i1 u2 i2 u4 i4 u8 i8 f4 f8 c16 ?".split())
def test_numbers_of_every_class_are_read_as_scipy_does(tmp_path, kind, options):
    values = (np.random.default_rng(1).random((3, 4, 2)) * 100 * (1 + 2j if kind == "c16" else 1)).astype(kind)
    scipy.io.savemat(tmp_path / "x.mat", {"other": np.ones(5), "a": values, "z": "text"}, **options)
    expected, read = scipy.io.loadmat(tmp_path / "x.mat")["a"], read_array(tmp_path / "x.mat")
    assert read.dtype == expected.dtype
    np.testing.assert_array_equal(read, expected)


def test_a_file_of_the_other_byte_order_is_read_field_by_field(tmp_path):
    """Laid out by hand: MATLAB keeps small whole doubles as bytes, up to four of them in place of a length."""
    matrix = struct.pack(">4I", 6, 8, 6, 0) + struct.pack(">2I2i", 5, 8, 2, 2)
    matrix += struct.pack(">2H4s", 1, 1, b"a") + struct.pack(">2H4B", 4, 2, 7, 8, 9, 10)
    content = b"by hand".ljust(124) + b"\x01\x00MI" + struct.pack(">2I", 14, len(matrix)) + matrix
    (tmp_path / "x.mat").write_bytes(content)
    np.testing.assert_array_equal(read_array(tmp_path / "x.mat"), [[7, 9], [8, 10]])


@pytest.mark.parametrize("kind", ["f8", "i2", "c16"])
def test_a_matrix_of_version_4_is_read_beside_text_and_a_scalar(tmp_path, kind):
    matrix = np.arange(12).reshape(3, 4).astype(kind)
    contents = {"name": "a scene", "gain": 2.5, "line": WAVELENGTHS, "a": matrix}
    scipy.io.savemat(tmp_path / "x.mat", contents, format="4")
    np.testing.assert_array_equal(read_array(tmp_path / "x.mat"), matrix)
    np.testing.assert_array_equal(read_array(tmp_path / "x.mat", "line"), WAVELENGTHS)


@BOTH
def test_a_member_of_a_structure_is_read_by_its_dotted_key_or_as_the_only_one_that_can_be_meant(tmp_path, write):
    inner = {"cube": CUBE, "wavelengths": WAVELENGTHS, "title": "x"}
    path = write(tmp_path / "x.mat", **BESIDE, data={"inner": inner, "mask": CUBE[..., 0]})
    np.testing.assert_array_equal(read_cube(path), CUBE)
    np.testing.assert_array_equal(read_cube(path, "data.inner.cube"), CUBE)
    np.testing.assert_array_equal(read_array(path, "data.mask"), CUBE[..., 0])
    listing = r"no array 'cube'; the file holds .*data\.inner\.cube \(4, 5, 3\)"
    with pytest.raises(ValueError, match=listing):
        read_cube(path, "cube")
    with pytest.raises(ValueError, match=r"set `key` to say.*data\.mask \(4, 5\)"):
        read_array(path)


@BOTH
def test_an_array_outside_structures_is_meant_before_those_inside(tmp_path, write):
    path = write(tmp_path / "x.mat", data={"cube": 2 * CUBE}, cube=CUBE)
    np.testing.assert_array_equal(read_cube(path), CUBE)


@BOTH
def test_a_line_of_wavelengths_is_not_taken_for_a_cube(tmp_path, write):
    path = write(tmp_path / "x.mat", **BESIDE, data={"cube": CUBE})
    np.testing.assert_array_equal(read_cube(path), CUBE)


@BOTH
def test_text_is_read_where_its_key_asks_for_it(tmp_path, write):
    np.testing.assert_array_equal(read_array(write(tmp_path / "x.mat", a=CUBE, name="a scene"), "name"), ["a scene"])


@BOTH
def test_complex_values_keep_their_parts(tmp_path, write):
    values = np.arange(6.0).reshape(2, 3) * (1 - 2j)
    np.testing.assert_array_equal(read_array(write(tmp_path / "x.mat", a=values)), values)


def test_cells_structure_arrays_and_sparse_matrices_are_passed_over_and_refused_by_their_key(tmp_path):
    several = np.zeros((1, 2), dtype=[("cube", object)])
    several["cube"] = [[CUBE, CUBE]]
    cells = np.array([[CUBE, "text"]], dtype=object)
    contents = {"cells": cells, "several": several, "sparse": scipy.sparse.eye(5).tocsc(), "cube": CUBE}
    scipy.io.savemat(tmp_path / "x.mat", contents)
    np.testing.assert_array_equal(read_cube(tmp_path / "x.mat"), CUBE)
    for name in ("cells", "several", "sparse"):
        with pytest.raises(ValueError, match=f"{name} is no array of numbers; save it as one"):
            read_cube(tmp_path / "x.mat", name)


def test_values_in_other_files_are_refused(tmp_path):
    (tmp_path / "secret").write_bytes(CUBE.tobytes())
    with h5py.File(tmp_path / "x.mat", "w") as file:
        file.create_dataset("cube", CUBE.shape, "u2", external=[(str(tmp_path / "secret"), 0, CUBE.nbytes)])
    with pytest.raises(ValueError, match="cube lie in other files"):
        read_cube(tmp_path / "x.mat")
    with h5py.File(tmp_path / "y.mat", "w") as file:
        file["cube"] = h5py.ExternalLink(str(tmp_path / "x.mat"), "/cube")
    with pytest.raises(ValueError, match="no arrays of numbers"):
        read_cube(tmp_path / "y.mat")


@pytest.mark.parametrize("chunks", [None, (10, 10, 10)])
def test_a_shape_that_the_file_cannot_hold_is_refused(tmp_path, chunks):
    with h5py.File(tmp_path / "x.mat", "w") as file:
        entry = file.create_dataset("cube", (10_000, 10_000, 10_000), "f8", chunks=chunks)
        if chunks:
            entry[0, 0, 0] = 1
    with pytest.raises(ValueError, match=r"cube (has no values|of shape .* more than the file holds)"):
        read_cube(tmp_path / "x.mat")
