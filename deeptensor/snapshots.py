"""The iterations whose factors a fit, or another method, keeps."""

import numpy as np

ABOUT = 30


def snapshot_iterations(iterations: int, about: int = ABOUT) -> np.ndarray:
    """Return about so many logarithmically spaced iterations from 1 to `iterations`, both included."""
    return np.unique(np.geomspace(1, iterations, about).round().astype(int))
