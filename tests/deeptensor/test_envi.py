"""ENVI's pair of files gives the cube that was written, by the name of either; a misfit of the two is refused."""

import numpy as np
import pytest
from spectral.io import envi

from deeptensor.reading import read_array, read_cube

CUBE = np.random.default_rng(0).integers(0, 2**16, size=(4, 5, 3), dtype=np.uint16)
HEADER = """ENVI
description = {
 a scene }
samples = 5
lines = 4
bands = 3
header offset = 0
file type = ENVI Standard
data type = 12
interleave = bsq
byte order = 0
"""
WAVELENGTHS = "wavelength = { 400.0, 500.0,\n 600.0}\n"


def write(folder, header=HEADER, values="x.img", name="x.hdr"):
    """Write a pair by hand: bands one after the other."""
    (folder / name).write_text(header)
    (folder / values).write_bytes(np.moveaxis(CUBE, -1, 0).astype("<u2").tobytes())
    return folder / name


@pytest.mark.parametrize("values", ["x", "x.img", "x.dat", "x.RAW", "x.bsq", "x.bil", "X.BIP"])
@pytest.mark.parametrize("name", ["x.hdr", "x.HDR"])
def test_header_or_values_name_the_pair(tmp_path, values, name):
    header = write(tmp_path, values=values, name=name)
    np.testing.assert_array_equal(read_cube(header), CUBE)
    np.testing.assert_array_equal(read_cube(tmp_path / values), CUBE)


@pytest.mark.parametrize("values", ["x.img", "x.v2.rfl"])
def test_the_header_may_have_the_whole_name_of_the_values(tmp_path, values):
    header = write(tmp_path, values=values, name=f"{values}.hdr")
    np.testing.assert_array_equal(read_cube(header), CUBE)
    np.testing.assert_array_equal(read_cube(tmp_path / values), CUBE)


@pytest.mark.parametrize("kind", "u1 i2 i4 f4 f8 c8 u2 u4 i8 u8".split())
@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
@pytest.mark.parametrize("order", [0, 1])
def test_types_orders_and_interleaves_are_read_as_spectral_writes_them(tmp_path, kind, interleave, order):
    cube = (CUBE / 300).astype(kind)
    envi.save_image(str(tmp_path / "x.hdr"), cube, interleave=interleave, byteorder=order)
    read = read_cube(tmp_path / "x.hdr")
    assert read.dtype == kind
    np.testing.assert_array_equal(read, cube)


def test_bytes_before_the_values_and_capital_names_of_fields_are_read(tmp_path):
    write(tmp_path, HEADER.replace("offset = 0", "offset = 7").replace("samples", "Samples") + WAVELENGTHS)
    (tmp_path / "x.img").write_bytes(bytes(7) + (tmp_path / "x.img").read_bytes())
    np.testing.assert_array_equal(read_cube(tmp_path / "x.img"), CUBE)


def test_one_band_is_a_matrix_unless_a_cube_is_asked_for(tmp_path):
    envi.save_image(str(tmp_path / "x.hdr"), CUBE[..., :1])
    np.testing.assert_array_equal(read_array(tmp_path / "x.hdr"), CUBE[..., 0])
    np.testing.assert_array_equal(read_cube(tmp_path / "x.hdr"), CUBE[..., :1])


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("lines = 4", "lines = 5", r"x\.hdr speaks of 150 bytes .*but x\.img has 120; mend the header"),
        ("lines = 4", "lines = 3", "speaks of 90 bytes"),
        ("lines = 4", "lines = 1000000000000", "speaks of .* but"),
        ("lines = 4\nbands = 3", "lines = -4\nbands = -3", r"bad header x\.hdr: .*shape \(-4, 5, -3\)"),
        ("bsq", "bsx", "bad header.*interleave bsx"),
        ("order = 0", "order = 2", "bad header.*byte order 2"),
        ("lines = 4", "", '"lines" missing'),
        ("ENVI\n", "NEVI\n", "not appear to be an ENVI header"),
        ("ENVI Standard", "ENVI Spectral Library", "a spectral library"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path, old, new, complaint):
    assert old in HEADER
    header = write(tmp_path, HEADER.replace(old, new, 1))
    for path in (header, tmp_path / "x.img"):
        with pytest.raises(ValueError, match=rf"{path.name} cannot be read: .*{complaint}"):
            read_cube(path)


def test_one_file_of_values_and_a_header_are_needed(tmp_path):
    header = write(tmp_path)
    (tmp_path / "x.dat").write_bytes(b"")
    with pytest.raises(ValueError, match=r"found: x\.dat, x\.img; give the one that is meant"):
        read_cube(header)
    (tmp_path / "x.dat").unlink()
    (tmp_path / "x.img").unlink()
    with pytest.raises(ValueError, match=r"one file of values, x with the ending \.bil, .* or none; found: none"):
        read_cube(header)
    (tmp_path / "y.img").write_bytes(b"")
    with pytest.raises(ValueError, match=r"y\.img cannot be read: no ENVI header lies beside it"):
        read_cube(tmp_path / "y.img")
