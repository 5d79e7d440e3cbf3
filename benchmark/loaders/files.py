"""Files and folders of the user's own: where they are."""

from pathlib import Path


def own_path(path: str) -> Path:
    """Return the path that a user gave; raise FileNotFoundError if nothing is there."""
    found = Path(path).expanduser()
    if not found.exists():
        raise FileNotFoundError(f"{found} does not exist; check the `path` of the data set")
    return found
