"""Handwritten digits as one matrix, an image of 8 x 8 pixels in each of 1797 rows, with a share of the entries."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from benchmark.contract import Item
from benchmark.loaders.masks import random_mask
from benchmark.loaders.signals import normalised
from benchmark.seeds import seed_for

KIND = "matrices"
TITLE = "Matrix of handwritten digits"
LICENCE = "not stated by scikit-learn, which ships a copy of the test set of the UCI repository"
CITATION = (
    "Kaynak: Methods of Combining Multiple Classifiers and Their Applications to Handwritten Digit Recognition. MSc "
    "thesis, Bogazici University, 1995; set of July 1998 in the UCI Machine Learning Repository"
)
STANDS_IN_FOR = None


def load(
    folder: Path, *, shares: Sequence[float] = (0.25, 0.5), realisations: int = 1, images: int = 1797
) -> list[Item]:
    """Return the first `images`, images x 64 grey levels from 0 to 1, with `realisations` masks of each of `shares`."""
    matrix = normalised(TITLE, load_digits().images[:images].reshape(-1, 64))
    items = []
    for share in shares:
        for realisation in range(realisations):
            rng = np.random.default_rng(seed_for(realisation, "digits", str(share)))
            observed = random_mask(matrix.shape, share, rng)
            items.append(Item(f"observed-{share:g}-{realisation}", matrix, extras={"observed": observed}))
    return items
