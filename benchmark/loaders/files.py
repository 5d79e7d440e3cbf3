"""Files and folders of the user's own: where they are, and in which order a folder is read."""

from collections.abc import Iterable
from pathlib import Path

from natsort import natsorted


def own_path(path: str) -> Path:
    """Return the path that a user gave; raise FileNotFoundError if nothing is there."""
    found = Path(path).expanduser()
    if not found.exists():
        raise FileNotFoundError(f"{found} does not exist; check the `path` of the data set")
    return found


def is_hidden(path: Path) -> bool:
    """Tell whether a file or folder is hidden by a dot, such as those that macOS lays beside others (`._x.png`)."""
    return path.name.startswith(".")


def in_natural_order(paths: Iterable[Path]) -> list[Path]:
    """Return the paths that are not hidden by their names, numbers in these by value: `band_2` before `band_10`."""
    return natsorted(sorted(path for path in paths if not is_hidden(path)), key=lambda path: path.name)
