"""Arrays in NumPy's files, alone or under names; Python objects, which are pickled, are refused, and never run."""

import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import IO

import numpy as np

from deeptensor.refusal import PACKED, Refused, refuse_excess

# Structured types alone have other headers.
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}

Shapes = Mapping[str, tuple[int, ...] | None]


def read_npy(path: Path) -> np.ndarray:
    """Return the array of a .npy file."""
    with path.open("rb") as file:
        _, kind = _npy_header(file, path.stat().st_size)
        file.seek(0)
        return _npy_values(file, kind)


def read_npz(path: Path, key: str | None, axes: int | None) -> np.ndarray:
    """Return the array of a .npz file that `settled` chooses; the headers alone tell which, so only it is loaded."""
    headers = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            refuse_excess(f"{member.file_size} bytes", member.file_size, PACKED * path.stat().st_size)
            with archive.open(member) as file:
                headers[member.filename.removesuffix(".npy")] = member, *_npy_header(file, member.file_size)
        shapes = {name: shape if kind.kind in "biufc" else None for name, (_, shape, kind) in headers.items()}
        member, _, kind = headers[settled(key, shapes, axes)]
        with archive.open(member) as file:
            return _npy_values(file, kind)


def settled(key: str | None, shapes: Shapes, axes: int | None) -> str:
    """Return the name of the array that is meant; None is the shape of what holds no numbers.

    It is `key`, or without it the only one that can be meant: text, empty arrays and single numbers never are, beside
    others only an array with so many `axes`, or, where that is open, with two that are longer than 1, and of several
    such ones the only one that is not in a structure.
    """
    arrays = {name: shape for name, shape in shapes.items() if shape is not None and prod(shape) > 0}
    listing = ", ".join(f"{name} {shape}" for name, shape in arrays.items()) or "no arrays of numbers"
    if key is not None:
        if key not in shapes or (shapes[key] is not None and key not in arrays):
            raise Refused(f"no array {key!r}; the file holds {listing}")
        return key
    likely = [name for name, shape in arrays.items() if prod(shape) > 1]
    for fits in (lambda name: _fits(arrays[name], axes), lambda name: "." not in name):
        if len(likely) > 1:
            likely = [name for name in likely if fits(name)]
    if len(likely) != 1:
        raise Refused(f"set `key` to say which array is meant; the file holds {listing}")
    return likely[0]


def _fits(shape: tuple[int, ...], axes: int | None) -> bool:
    return sum(length > 1 for length in shape) >= 2 if axes is None else len(shape) == axes


def _npy_header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], np.dtype]:
    """Return the shape and type of an array in .npy format; refuse it if the values are not as many as it says."""
    version = np.lib.format.read_magic(file)
    if version not in HEADERS:
        raise Refused(f"its format {version} is not for numbers; save a plain array of numbers")
    shape, _, kind = HEADERS[version](file)
    if not kind.hasobject:
        wanted, held = prod(shape) * kind.itemsize, size - file.tell()
        refuse_excess(f"an array of shape {shape} of {kind}", wanted, held)
        if wanted != held:
            raise Refused(f"{held - wanted} bytes follow an array of shape {shape} of {kind}; save one array a file")
    return shape, kind


def _npy_values(file: IO[bytes], kind: np.dtype) -> np.ndarray:
    if kind.hasobject:
        raise Refused("it holds Python objects, which are not read, as that could run code; save an array of numbers")
    return np.lib.format.read_array(file, allow_pickle=False)
