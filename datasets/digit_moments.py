"""Second moments of handwritten digits: for each of ten classes the mean of x x^T over its images of 8 x 8 pixels.

Symmetric slices 64 x 64, of the images that scikit-learn ships.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "stack"
TITLE = "Second moments of digits"
LICENCE = "not stated by scikit-learn, which ships a copy of the test set of the UCI repository"
CITATION = (
    "Kaynak: Methods of Combining Multiple Classifiers and Their Applications to Handwritten Digit Recognition. MSc "
    "thesis, Bogazici University, 1995; set of July 1998 in the UCI Machine Learning Repository"
)
STANDS_IN_FOR = None


def load(folder: Path, *, rank: int = 8) -> list[Item]:
    """Return the moments, 64 x 64 x 10 divided by their maximum, for INDSCAL of a rank."""
    digits = load_digits()
    moments = [images.T @ images / len(images) for images in (digits.data[digits.target == n] for n in range(10))]
    extras = {"model": np.array("indscal"), "ranks": np.array([rank]), "multilinear": np.array([rank] * 3)}
    return [Item("digit_moments", normalised(TITLE, np.stack(moments, axis=2)), rank=rank, extras=extras)]
