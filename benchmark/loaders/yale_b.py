"""The Extended Yale Face Database B as its registry lays it out: a folder of illuminations for each subject."""

from pathlib import Path

import numpy as np

from deeptensor.images import is_hidden


def faces_of(folder: Path, subjects: range) -> tuple[list[Path], np.ndarray]:
    """Return the images of these subjects, sorted by name, and of each the number of its subject (n,)."""
    paths = [path for path in sorted(folder.glob("yaleB*/*.pgm")) if not is_hidden(path)]
    numbers = [int(path.parent.name.removeprefix("yaleB")) for path in paths]
    chosen = [(path, number) for path, number in zip(paths, numbers, strict=True) if number in subjects]
    return [path for path, _ in chosen], np.array([number for _, number in chosen])
