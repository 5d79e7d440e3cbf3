"""MNIST with labels, as files hold it: images as the rows of PNGs, 3000 a file, and labels as a script."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deeptensor.images import read_image

TRAIN, TEST = 12_000, 3000
# Of 60 000 training images come the files before number 20, and of the test images that.
TRAIN_FILES, TEST_FILE, FIRST_TEST = 4, 20, 60_000


def labelled_images(folder: Path) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return the first TRAIN training images (n x 1 x 28 x 28, bytes) with their labels (n,), and TEST of the test."""
    labels = np.array(re.findall(r"\d+", (folder / "mnist_labels.js").read_text()), dtype=np.int64)
    train, test = _images_of(folder, range(TRAIN_FILES)), _images_of(folder, [TEST_FILE])
    return (train, labels[:TRAIN]), (test, labels[FIRST_TEST : FIRST_TEST + TEST])


def _images_of(folder: Path, files: Sequence[int]) -> np.ndarray:
    rows = [read_image(folder / f"mnist_batch_{number}.png") for number in files]
    return np.concatenate(rows).reshape(-1, 1, 28, 28)
