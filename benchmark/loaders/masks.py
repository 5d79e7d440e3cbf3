"""Which entries of a matrix are observed, drawn at random."""

import numpy as np


def random_mask(shape: tuple[int, int], share: float, rng: np.random.Generator) -> np.ndarray:
    """Return a mask of `shape` of a random `share` of the entries."""
    return (rng.permutation(shape[0] * shape[1]) < round(share * shape[0] * shape[1])).reshape(shape)
