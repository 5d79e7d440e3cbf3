"""Maximises the likelihood of the samples under a covariance W W^T + sigma^2 I: probabilistic principal components.

The answer is the covariance of the signal, W W^T = U (L - sigma^2 I) U^T, with the leading eigenvalues L and
eigenvectors U of the sample covariance. The variance of the noise, assumed to be white, is not taken from the protocol:
sigma^2 is the mean of the other eigenvalues. The rank is the problem's.

Tipping and Bishop, Probabilistic principal component analysis, Journal of the Royal Statistical Society B 61 (1999),
DOI 10.1111/1467-9868.00196.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem
from benchmark.covariance import leading_eigenpairs, sample_covariance
from benchmark.samples import check_rank

LABEL = "Probabilistic PCA"
FAMILY = "component analysis"
TASKS = {"covariance"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the p x p covariance of the signal, of the problem's rank, which must be below p."""
    samples, rank = problem.observed, rank_of("ppca_covariance", problem)
    features = samples.shape[1]
    check_rank(rank, features - 1, samples)
    covariance = sample_covariance(samples)
    values, vectors = leading_eigenpairs(covariance, rank)
    noise_variance = (np.trace(covariance) - values.sum()) / (features - rank)
    return Estimate(signal=(vectors * (values - noise_variance)) @ vectors.T)
