"""The user's own files that a data set is read from: which they are, and whether they changed."""

import hashlib
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

# More than any data set has; a home folder has more.
MOST = 200_000


def files_at(path: Path) -> list[Path]:
    """Return all files below a folder; or the file at a path, with those of its stem where one of them is a header.

    An ENVI header (.hdr) is one. Hidden files and folders are left out, as they are by what reads the data. Raises
    OSError for a folder of more than `MOST` files.
    """
    if not path.is_dir():
        own = {path, *(file for file in path.parent.iterdir() if _stem(file) == _stem(path) and file.is_file())}
        return sorted(own) if any(file.suffix.lower() == ".hdr" for file in own) else [path]
    files = sorted(islice(_below(path), MOST + 1))
    if len(files) > MOST:
        raise OSError(f"it has more than {MOST} files: give the folder that holds the data alone")
    return files


def state_of(files: Iterable[Path]) -> str:
    """Return a digest of the names, sizes and times of files, which tells of another in their place, an older too."""
    states = [(os.fsencode(path), (own := path.stat()).st_size, own.st_mtime_ns) for path in files]
    return hashlib.sha256(repr(states).encode()).hexdigest()


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _below(folder: Path) -> Iterable[Path]:
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files = (Path(place, name) for name in names if not name.startswith("."))
        yield from (file for file in files if file.is_file())
