"""Volumes and cubes with a header: NIfTI's, and ENVI's, whose header is a file of its own beside the values."""

import gzip
from math import prod
from pathlib import Path

import numpy as np

from deeptensor.extras import FILES, needed
from deeptensor.refusal import PACKED, Refused, refuse_excess

# What a file of values ends with, after the name of its header without .hdr.
ENVI_DATA = ("", ".bil", ".bip", ".bsq", ".dat", ".img", ".raw")
INTERLEAVES = ("bil", "bip", "bsq")
CHUNK = 2**20


def read_nifti(path: Path, volume: int | None) -> np.ndarray:
    """Return a volume (x x y x z) as stored or, if the header scales it, in double precision.

    Of a file with several volumes, `volume` is the index of one, from 0 in the order of the file.
    """
    with needed("nibabel", by="a NIfTI file", install=FILES):
        import nibabel
        from nibabel.spatialimages import HeaderDataError
    try:
        image = nibabel.load(path)
        stored = image.dataobj
        shape, kind = stored.shape, image.get_data_dtype()
        packed = path.suffix.lower() == ".gz"
        size = path.stat().st_size * (PACKED if packed else 1)
        refuse_excess(f"{shape} values of {kind}", stored.offset + prod(shape) * kind.itemsize, size)
        number = prod(shape[3:])
        if volume is None and number > 1:
            raise Refused(f"it holds {number} volumes of {shape[:3]}; say which by `volume`, 0 to {number - 1}")
        if volume is not None and not 0 <= volume < number:
            raise Refused(f"no volume {volume}; the file holds {number}, from 0 to {number - 1}")
        if packed:
            _refuse_damaged_gzip(path)
        index = np.unravel_index(volume or 0, shape[3:], order="F")
        return np.array(stored[(slice(None),) * len(shape[:3]) + tuple(map(int, index))])
    except HeaderDataError as error:
        raise Refused(f"bad header: {error}; mend it, or replace the file") from error


def _refuse_damaged_gzip(path: Path) -> None:
    """Read to the end, where the checksum stands: nibabel reads no further than the voxels."""
    with gzip.open(path) as file:
        while file.read(CHUNK):
            pass


def envi_header_beside(path: Path) -> Path | None:
    """Return the header `<name>.hdr` or `<stem>.hdr` of a file of values, None if there is none."""
    found = {file.name.lower(): file for file in path.parent.iterdir() if file.is_file()}
    names = (f"{name}.hdr".lower() for name in (path.name, path.stem))
    return next((found[name] for name in names if name in found), None)


def read_envi(path: Path) -> np.ndarray:
    """Return a cube (lines x samples x bands), values as stored, by the name of its header or of its values."""
    with needed("Spectral Python", by="an ENVI file", install=FILES):
        from spectral.io import envi
    is_header = path.suffix.lower() == ".hdr"
    header, values = (path, _envi_values_of(path)) if is_header else (envi_header_beside(path), path)
    image = envi.open(str(header), str(values))
    if isinstance(image, envi.SpectralLibrary):
        raise Refused(f"{header.name} is of a spectral library, no cube; save its spectra as .npy")
    try:
        fields, shape = image.metadata, tuple(image.shape)
        interleave, order = str(fields["interleave"]).lower(), fields["byte order"]
        if interleave not in INTERLEAVES or order not in ("0", "1") or min(*shape, 1) < 1 or image.offset < 0:
            raise Refused(
                f"bad header {header.name}: interleave {interleave}, byte order {order}, shape {shape}, header offset "
                f"{image.offset}; mend it"
            )
        wanted, size = image.offset + prod(shape) * np.dtype(image.dtype).itemsize, values.stat().st_size
        if wanted != size:
            raise Refused(
                f"the header {header.name} speaks of {wanted} bytes (shape {shape} of {np.dtype(image.dtype)} after "
                f"{image.offset} bytes), but {values.name} has {size}; mend the header, or replace the file"
            )
        return np.array(image.open_memmap(interleave="bip"))
    finally:
        image.fid.close()


def _envi_values_of(header: Path) -> Path:
    names = {f"{header.stem}{ending}".lower() for ending in ENVI_DATA}
    found = sorted(file for file in header.parent.iterdir() if file.name.lower() in names and file.is_file())
    if len(found) != 1:
        listing = ", ".join(file.name for file in found) or "none"
        raise Refused(
            f"beside an ENVI header stands one file of values, {header.stem} with the ending "
            f"{', '.join(ENVI_DATA[1:])} or none; found: {listing}; give the one that is meant in place of the header"
        )
    return found[0]
