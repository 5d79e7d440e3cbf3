"""Arrays in MATLAB's .mat files, by their names, in structures by dotted ones. Function handles, objects, cells and
sparse matrices are passed over.

Versions 5 to 7 are read here, as SciPy's compiled reader ends the process at some damaged files. Their layout is that
of MathWorks, MAT-File Format (the document that comes with MATLAB).
"""

import struct
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from deeptensor.archives import settled
from deeptensor.extras import FILES, needed
from deeptensor.refusal import PACKED, Refused, refuse_excess

if TYPE_CHECKING:
    import h5py

# What MATLAB calls its arrays of numbers; the rest is text, cells, structures and the like.
NUMBERS = {"double", "single", "logical", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
HDF5 = b"\x89HDF\r\n\x1a\n"
COMPLEX = ("real", "imag")
# Of version 5: the types of stored numbers and of encoded text, those of parts, and the classes of variables.
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
TEXTS = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
MATRIX, PACKED_PART = 14, 15
STRUCTURE, TEXT, NUMERIC, OPAQUE = 2, 4, range(6, 16), 17


def read_mat(path: Path, key: str | None, axes: int | None) -> np.ndarray:
    """Return the array, values as stored, that `settled` chooses of a .mat file of any version from 4 on."""
    with path.open("rb") as file:
        start = file.read(4096)
    if any(start.startswith(HDF5, offset) for offset in (0, 512, 1024, 2048)):
        return _read_version_7_3(path, key, axes)
    if 0 in start[:4]:
        return _read_version_4(path, key, axes)
    shapes = {name: array.shape if _is_numeric(array) else None for name, array in _variables(path)}
    chosen = settled(key, shapes, axes)
    array = next(array for name, array in _variables(path) if name == chosen)
    if array is None:
        raise Refused(f"{chosen} is no array of numbers; save it as one")
    return array.copy(order="K")


def import_scipy_io(by: str) -> ModuleType:
    """Return scipy.io; raise ImportError, which says what to install and `by` what it is needed, if there is none."""
    with needed("SciPy", by=by, install=FILES):
        import scipy.io
    return scipy.io


def _is_numeric(array: np.ndarray | None) -> bool:
    return array is not None and array.dtype.kind in "biufc"


def _read_version_4(path: Path, key: str | None, axes: int | None) -> np.ndarray:
    """Read all variables, as SciPy finds only so that the last one is cut short."""
    scipy_io = import_scipy_io("a .mat file of version 4")
    for name, shape, _ in scipy_io.whosmat(path):
        refuse_excess(f"{name} of shape {tuple(shape)}", prod(shape), path.stat().st_size)
    found = scipy_io.loadmat(path)
    arrays = {name: value for name, value in found.items() if isinstance(value, np.ndarray)}
    return arrays[settled(key, {name: own.shape if _is_numeric(own) else None for name, own in arrays.items()}, axes)]


def _variables(path: Path) -> Iterator[tuple[str, np.ndarray | None]]:
    """Yield the variables of a file of version 5 to 7, one in memory at a time: a name, and numbers, text or None."""
    content = memoryview(np.memmap(path, np.uint8, "r"))
    order = {b"IM": "<", b"MI": ">"}.get(bytes(content[126:128]))
    if order is None:
        raise Refused("it is no MATLAB file; give one, or the right ending")
    for kind, part in _parts(content[128:], order):
        if kind == PACKED_PART:
            kind, part = _unpacked(part, order)
        yield from _arrays("", _matrix((kind, part)), order)


def _parts(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Yield the parts that follow each other: the type of each, and its bytes, filled up to a multiple of 8."""
    place = 0
    while place < len(data):
        kind, length = struct.unpack_from(f"{order}II", data, place)
        start = place + 8
        if kind >> 16:  # at most four bytes, which stand in place of the length
            kind, length, start = kind & 0xFFFF, kind >> 16, place + 4
        if length > len(data) - start:
            raise ValueError("a variable is damaged or cut short")
        yield kind, data[start : start + length]
        place = start + length + (0 if kind == PACKED_PART else -(start - place + length) % 8)


def _unpacked(part: memoryview, order: str) -> tuple[int, memoryview]:
    stream = zlib.decompressobj()
    kind, length = struct.unpack(f"{order}II", stream.decompress(part, 8))
    refuse_excess(f"a variable of {length} bytes", length, PACKED * len(part))
    data = stream.decompress(stream.unconsumed_tail, length + 1)
    if len(data) != length or not stream.eof:
        raise ValueError("a variable is damaged or cut short")
    return kind, memoryview(data)


def _arrays(prefix: str, matrix: memoryview, order: str) -> Iterator[tuple[str, np.ndarray | None]]:
    """Yield what a variable or a member of a structure holds, by dotted names; None is what is not read."""
    if not matrix:  # an empty member
        return
    parts = _parts(matrix, order)
    flags = int(_numbers(next(parts), order)[0])
    kind, is_complex = flags & 0xFF, flags >> 11 & 1
    shape = () if kind == OPAQUE else tuple(_numbers(next(parts), order).tolist())
    name = bytes(next(parts)[1]).decode("latin-1")
    if not prefix and not name:  # what MATLAB keeps for objects
        return
    name = prefix or name
    if kind == STRUCTURE and shape == (1, 1):
        length = int(_numbers(next(parts), order)[0])
        fields = bytes(next(parts)[1])
        for start in range(0, len(fields), length):
            field = fields[start : start + length].partition(b"\0")[0].decode("latin-1")
            yield from _arrays(f"{name}.{field}", _matrix(next(parts)), order)
    elif kind in NUMERIC:
        values = _numbers(next(parts), order)
        values = values + 1j * _numbers(next(parts), order) if is_complex else values
        yield name, values.reshape(shape, order="F")
    elif kind == TEXT:
        letters = np.array(list(_text(next(parts), order)), dtype="U1").reshape(shape, order="F")
        yield name, np.array(["".join(row) for row in letters])
    else:
        yield name, None


def _matrix(part: tuple[int, memoryview]) -> memoryview:
    kind, data = part
    if kind != MATRIX:
        raise ValueError(f"a variable of type {kind}")
    return data


def _numbers(part: tuple[int, memoryview], order: str) -> np.ndarray:
    """Return numbers as they are stored, which may be of a smaller type than MATLAB's own."""
    kind, data = part
    if kind not in TYPES:
        raise ValueError(f"numbers of type {kind}")
    return np.frombuffer(data, f"{order}{TYPES[kind]}") if data else np.empty(0, TYPES[kind])


def _text(part: tuple[int, memoryview], order: str) -> str:
    kind, data = part
    if kind not in TEXTS:
        return "".join(map(chr, _numbers(part, order)))
    suffix = "" if kind == 16 else {"<": "-le", ">": "-be"}[order]
    return bytes(data).decode(TEXTS[kind] + suffix)


def _read_version_7_3(path: Path, key: str | None, axes: int | None) -> np.ndarray:
    """Read MATLAB's version 7.3, in which HDF5 sees the axes in reverse order."""
    with needed("h5py", by="a .mat file of version 7.3", install=FILES):
        import h5py
    entries = {}
    groups = {""}

    def visit(name: str, entry: h5py.Dataset | h5py.Group) -> None:
        parent, _, last = name.rpartition("/")
        if parent not in groups or last.startswith("#"):  # what MATLAB keeps for cells and objects
            return
        if isinstance(entry, h5py.Dataset):
            entries[name.replace("/", ".")] = entry
        elif _class_in_hdf5(entry) in ("", "struct"):
            groups.add(name)

    with h5py.File(path) as file:
        file.visititems(visit)  # each entry once, and none in another file
        chosen = settled(key, {name: _shape_in_hdf5(entry) for name, entry in entries.items()}, axes)
        entry = entries[chosen]
        if entry.is_virtual or entry.external:
            raise Refused(f"the values of {chosen} lie in other files; save them in this one")
        if not entry.id.get_storage_size():
            raise Refused(f"{chosen} has no values; save it anew")
        refuse_excess(f"{chosen} of shape {entry.shape[::-1]}", entry.nbytes, PACKED * path.stat().st_size)
        values = entry[()].T
        if _class_in_hdf5(entry) == "char":
            return np.array(["".join(map(chr, row)) for row in values])
    return values["real"] + 1j * values["imag"] if values.dtype.names == COMPLEX else values


def _shape_in_hdf5(entry: "h5py.Dataset") -> tuple[int, ...] | None:
    """Return the shape of an array of numbers in MATLAB's order, None for anything else."""
    if entry.attrs.get("MATLAB_empty", False):  # its values are the sizes of the axes
        return (0,)
    if entry.dtype.kind not in "biufc" and entry.dtype.names != COMPLEX:
        return None
    # Text is numbers, too, of the class `char`.
    return entry.shape[::-1] if _class_in_hdf5(entry) in ("", *NUMBERS) else None


def _class_in_hdf5(entry: "h5py.Dataset | h5py.Group") -> str:
    return np.asarray(entry.attrs.get("MATLAB_class", "")).astype(str).item()
