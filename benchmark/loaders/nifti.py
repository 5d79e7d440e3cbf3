"""A reader of NIfTI-1, the file format of neuroimaging: `.nii`, or `.nii.gz`, which is the same compressed.

Read are single files of real numbers in either byte order, scaled by the header's slope and intercept. Not read are
NIfTI-2, pairs of `.hdr` and `.img`, and complex or coloured voxels. The axes stay as stored, whatever the orientation.

Cox et al., A (sort of) new image data format standard: NIfTI-1, Human Brain Mapping 2004; the header's layout is that
of nifti1.h, https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h.
"""

import gzip
import math
from pathlib import Path

import numpy as np

HEADER = 348
HEADER_TYPE = np.dtype(
    {
        "names": ["sizeof_hdr", "dim", "datatype", "vox_offset", "scl_slope", "scl_inter", "magic"],
        "formats": ["i4", "8i2", "i2", "f4", "f4", "f4", "S4"],
        "offsets": [0, 40, 70, 108, 112, 116, 344],
        "itemsize": HEADER,
    }
)
# The header's number of each type of voxel.
VOXELS = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}


def read_nifti(path: Path) -> np.ndarray:
    """Return the array of a NIfTI-1 file, as stored or, if the header scales it, in double precision.

    Axes of length 1 at the end are left out. Raises ValueError for what is not read, and for a file cut short.
    """
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if len(content) < HEADER:
        raise ValueError(f"{len(content)} bytes are no NIfTI-1 file, whose header has {HEADER}")
    order = "<" if content[:4] == HEADER.to_bytes(4, "little") else ">"
    header = np.frombuffer(content, HEADER_TYPE.newbyteorder(order), count=1)[0]
    if header["sizeof_hdr"] != HEADER or header["magic"] != b"n+1":
        raise ValueError(f"no NIfTI-1 file in one piece: its magic is {bytes(header['magic'])!r}, not b'n+1'")
    if int(header["datatype"]) not in VOXELS:
        raise ValueError(f"voxels of NIfTI data type {header['datatype']}; known: {', '.join(map(str, VOXELS))}")
    kind, offset = np.dtype(order + VOXELS[int(header["datatype"])]), int(header["vox_offset"])
    shape = [int(length) for length in header["dim"][1 : 1 + header["dim"][0]]]
    while shape and shape[-1] == 1:
        shape.pop()
    count = math.prod(shape)
    if len(content) < offset + count * kind.itemsize:
        raise ValueError(f"the file is cut short: {len(content)} bytes do not hold {shape} voxels of {kind.name}")
    voxels = np.frombuffer(content, kind, count, offset).reshape(shape, order="F")
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    # A slope of zero, or none, says that there is no scaling.
    scaled = slope != 0 and math.isfinite(slope) and (slope, intercept) != (1, 0)
    return voxels.astype(np.float64) * slope + intercept if scaled else voxels.astype(kind.newbyteorder("="))
