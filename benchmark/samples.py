"""Samples along the first axis of an array, as the tasks `basis`, `covariance`, `factorise` and `metric` pose them."""

import numpy as np


def as_rows(samples: np.ndarray) -> np.ndarray:
    """Return samples of any shape, n x ..., as the rows of a contiguous n x p matrix in double precision."""
    return samples.reshape(len(samples), -1).astype(np.float64, order="C", copy=False)


def check_rank(rank: int, limit: int, samples: np.ndarray) -> None:
    """Raise ValueError unless `rank` is from 1 to `limit`, what a method can find in n x p `samples`."""
    if limit < 1:
        raise ValueError(f"{samples.shape[0]} samples of {samples.shape[1]} features are too few: give more of them")
    if not 1 <= rank <= limit:
        raise ValueError(
            f"rank {rank} for {samples.shape[0]} samples of {samples.shape[1]} features: give 1 to {limit}"
        )


def unit(rows: np.ndarray) -> np.ndarray:
    """Return rows divided by their norms; rows of zeros stay."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
