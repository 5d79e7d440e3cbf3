"""MNIST with labels, as files hold it: images as the rows of PNGs, 3000 a file, and labels as a script."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deeptensor.images import read_image


def images_of(folder: Path, files: Sequence[int]) -> np.ndarray:
    """Return the images (n x 1 x 28 x 28, bytes) of several files."""
    rows = [read_image(folder / f"mnist_batch_{number}.png") for number in files]
    return np.concatenate(rows).reshape(-1, 1, 28, 28)
