"""Orthonormal basis of the given rank with the least squared error of the samples' projection: principal components.

The leading eigenvectors of Z^T Z, where the n samples, flattened, are the rows of Z after a preparation:

- `centred-features`: less the mean of each feature over the samples; the textbook's, by scikit-learn's exact solver.
- `standardised-samples`: each sample less its own mean, over its own standard deviation, and no centring over the
  samples; as in the script of the DeepTensor authors.
- `none`: as they are, which gives the basis of the truncated SVD.

Pearson, On lines and planes of closest fit to systems of points in space, Philosophical Magazine 2 (1901),
DOI 10.1080/14786440109462720.
"""

from typing import Literal

import numpy as np
from sklearn.utils.extmath import svd_flip

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import right_singular
from benchmark.algorithms.principal import principal_components
from benchmark.contract import Estimate, Problem
from benchmark.samples import as_rows, check_rank

LABEL = "PCA"
FAMILY = "component analysis"
TASKS = {"basis"}
DEVICES = {"cpu"}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    preparation: Literal["centred-features", "standardised-samples", "none"] = "centred-features",
) -> Estimate:
    """Return the components, of shape (rank, *sample shape), orthonormal, by descending eigenvalue."""
    check_choices(solve, preparation=preparation)
    rank, samples = rank_of("pca", problem), as_rows(problem.observed)
    check_rank(rank, min(samples.shape), samples)
    if preparation == "centred-features":
        components = principal_components(samples, rank)
    else:
        rows = standardised(samples) if preparation == "standardised-samples" else samples
        components = leading_eigenvectors(rows, rank)
    return Estimate(signal=components.reshape(rank, *problem.observed.shape[1:]))


def standardised(samples: np.ndarray) -> np.ndarray:
    """Return n x p samples, each less its mean over its features and over their standard deviation; constant ones 0."""
    centred = samples - samples.mean(axis=1, keepdims=True)
    deviation = samples.std(axis=1, keepdims=True)
    # Rounding leaves a constant sample a deviation of about 1e-16 of its value.
    varies = deviation > 1e-12 * np.abs(samples).max(axis=1, keepdims=True)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=varies)


def leading_eigenvectors(samples: np.ndarray, rank: int) -> np.ndarray:
    """Return the `rank` leading eigenvectors of Z^T Z, Z n x p, as rows, the largest entry of each positive."""
    _, vectors = right_singular(samples)
    _, components = svd_flip(None, vectors[:, :rank].T, u_based_decision=False)
    return components
