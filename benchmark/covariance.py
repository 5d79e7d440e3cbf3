"""Covariances of samples, in the one convention that makes their estimates comparable.

The covariance of n samples of p features, the rows of an n x p matrix X, is (1/n) X_c^T X_c, where X_c is X less the
mean of each feature over the samples. It is normalised by n, not n - 1, as in `sklearn.covariance`.
"""

import numpy as np
from scipy.linalg import eigh

from benchmark.noise import Gaussian, Noise, Poisson
from benchmark.samples import as_rows

# The axis that the mean is taken over.
CENTRES = {"features": 0, "samples": 1}


def sample_covariance(samples: np.ndarray, centre: str = "features") -> np.ndarray:
    """Return the p x p covariance of n x p samples, n at least 2, normalised by n, in double precision.

    `centre` says whose mean is subtracted: that of each of the "features" over the samples, or, as in a published
    script (see `tasks/covariance.py`), that of each of the "samples" over its features.
    """
    if centre not in CENTRES:
        raise ValueError(f"unknown centre {centre!r}; a covariance has: {', '.join(CENTRES)}")
    check_samples(samples)
    matrix = as_rows(samples)
    centred = matrix - matrix.mean(axis=CENTRES[centre], keepdims=True)
    return centred.T @ centred / len(matrix)


def check_samples(samples: np.ndarray) -> None:
    """Raise ValueError for fewer than the two samples that a covariance needs."""
    if len(samples) < 2:
        raise ValueError(f"a covariance needs at least 2 samples, not {len(samples)}")


def leading_eigenpairs(covariance: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest eigenvalues (rank,) of a p x p covariance, descending, and their eigenvectors p x rank."""
    size = len(covariance)
    values, vectors = eigh(covariance, subset_by_index=(size - rank, size - 1))
    return values[::-1], vectors[:, ::-1]


def truncated(covariance: np.ndarray, rank: int) -> np.ndarray:
    """Return the part of a p x p covariance that lies in its `rank` leading eigenvectors."""
    values, vectors = leading_eigenpairs(covariance, rank)
    return (vectors * values) @ vectors.T


def without_noise(covariance: np.ndarray, samples: np.ndarray, noise: Noise | None) -> np.ndarray:
    """Return a p x p estimate of the covariance of noisy n x p samples with the known noise taken out of it.

    The variance of the noise, averaged over the samples, is subtracted from the diagonal; what then is no covariance,
    the negative eigenvalues, is set to zero, which brings any estimate nearer to the truth.
    """
    if not isinstance(noise, Gaussian | Poisson):
        raise ValueError(
            f"the noise level cannot be subtracted for noise {noise}, only for Gaussian and Poisson noise: "
            "choose a variant that leaves the noise in"
        )
    # The models' variance is affine in the mean, so that this is the mean variance of each feature, free of bias.
    variance = noise.variance(as_rows(samples).mean(axis=0))
    values, vectors = np.linalg.eigh(covariance - np.diag(variance))
    return (vectors * np.maximum(values, 0)) @ vectors.T
