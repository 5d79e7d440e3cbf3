"""Clusters of vectors by Lloyd's k-means, of any sizes, or all of one size."""

import numpy as np
from scipy.optimize import linear_sum_assignment

STARTS, STEPS = 10, 100


def k_means(vectors: np.ndarray, number: int, rng: np.random.Generator, *, equal: bool = False) -> np.ndarray:
    """Return the cluster of each of the vectors (n x p), the best of several starts by the squared distances.

    Clusters of `equal` sizes are an optimal assignment in every step, and `number` divides n.
    """
    best, least = np.zeros(len(vectors), int), np.inf
    for _ in range(STARTS):
        centres, groups = vectors[_far_apart(vectors, number, rng)], None
        for _ in range(STEPS):
            distances = np.sum((vectors[:, None] - centres) ** 2, axis=2)
            before, groups = groups, _equal(distances) if equal else distances.argmin(axis=1)
            if before is not None and np.array_equal(before, groups):
                break
            for group in np.unique(groups):
                centres[group] = vectors[groups == group].mean(axis=0)
        if (cost := float(distances[np.arange(len(vectors)), groups].sum())) < least:
            best, least = groups, cost
    return best


def _far_apart(vectors: np.ndarray, number: int, rng: np.random.Generator) -> list[int]:
    """Return the first vectors by k-means++: each is drawn by its squared distance to those before it."""
    chosen = [int(rng.integers(len(vectors)))]
    while len(chosen) < number:
        distances = np.min(np.sum((vectors[:, None] - vectors[chosen]) ** 2, axis=2), axis=1)
        shares = distances / distances.sum() if distances.any() else np.full(len(vectors), 1 / len(vectors))
        chosen.append(int(rng.choice(len(vectors), p=shares)))
    return chosen


def _equal(distances: np.ndarray) -> np.ndarray:
    """Return the groups of one size that have the least sum of distances (n x k)."""
    size = len(distances) // distances.shape[1]
    _, places = linear_sum_assignment(np.repeat(distances, size, axis=1))
    return places // size
