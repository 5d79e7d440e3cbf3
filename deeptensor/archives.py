"""Arrays in NumPy's and MATLAB's files, alone or under names: nothing in them is ever run.

Python objects, which are pickled, are refused, and MATLAB's function handles and objects are passed over.
"""

import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING

import numpy as np

from deeptensor.extras import FILES, needed
from deeptensor.refusal import PACKED, Refused, refuse_excess

if TYPE_CHECKING:
    import h5py

# Structured types alone have other headers.
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# What MATLAB calls its arrays of numbers; the rest is text, cells, structures and the like.
NUMBERS = {"double", "single", "logical", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
COMPLEX = ("real", "imag")
HDF5 = b"\x89HDF\r\n\x1a\n"

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


def read_mat(path: Path, key: str | None, axes: int | None) -> np.ndarray:
    """Return the array of a .mat file (version 4 to 7.3) that `settled` chooses; dots lead into structures."""
    with path.open("rb") as file:
        start = file.read(4096)
    if any(start.startswith(HDF5, offset) for offset in (0, 512, 1024, 2048)):
        return _read_mat_hdf5(path, key, axes)
    _refuse_cut_mat(path, start)
    scipy_io = import_scipy_io()
    shapes, members = {}, {}
    for name, shape, kind in scipy_io.whosmat(path):
        refuse_excess(f"{name} of shape {tuple(shape)}", prod(shape), PACKED * path.stat().st_size)
        if kind == "struct" and tuple(shape) == (1, 1):
            loaded = scipy_io.loadmat(path, variable_names=[name])[name]
            members |= _members(name, loaded)
        else:
            shapes[name] = tuple(shape) if kind in NUMBERS else None
    shapes |= {name: value.shape if value.dtype.kind in "biufc" else None for name, value in members.items()}
    chosen = settled(key, shapes, axes)
    if chosen in members:
        return members[chosen]
    value = scipy_io.loadmat(path, variable_names=[chosen])[chosen]
    if shapes[chosen] not in (None, np.shape(value)):  # SciPy returns a text for some variables that it cannot read
        raise Refused(f"{chosen} is damaged; replace the file")
    return value


def import_scipy_io() -> ModuleType:
    """Return scipy.io; raise ImportError, which says what to install, if there is none."""
    with needed("SciPy", by="a .mat file", install=FILES):
        import scipy.io
    return scipy.io


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
        raise Refused(f"set `key` (on the command line --key) to say which array is meant; the file holds {listing}")
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


def _refuse_cut_mat(path: Path, start: bytes) -> None:
    """Refuse a file of version 5 to 7 if its last variable is cut short, which SciPy notices only on reading it.

    After 128 bytes, of which the last two tell the byte order, each variable tells its length.
    """
    order = {b"IM": "<", b"MI": ">"}.get(start[126:128])
    if order is None or 0 in start[:4]:  # version 4
        return
    size, place = path.stat().st_size, 128
    with path.open("rb") as file:
        while place < size:
            file.seek(place)
            tag = file.read(8)
            place += 8 + int(np.frombuffer(tag, f"{order}u4")[1])
    refuse_excess(f"{place} bytes", place, size)


def _members(name: str, structure: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays, also of text, in a MATLAB structure and those inside it, by dotted names."""
    found = {}
    for field in structure.dtype.names or ():
        value = structure[field][0, 0]
        if type(value) is not np.ndarray:  # a sparse matrix, a function handle or an object
            continue
        if value.dtype.names and value.shape == (1, 1):
            found |= _members(f"{name}.{field}", value)
        else:
            found[f"{name}.{field}"] = value
    return found


def _read_mat_hdf5(path: Path, key: str | None, axes: int | None) -> np.ndarray:
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
