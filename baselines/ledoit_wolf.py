"""Shrinks the sample covariance S towards (tr S / p) I by the share that minimises the expected Frobenius loss.

Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance matrices, Journal of Multivariate
Analysis 88 (2004), DOI 10.1016/S0047-259X(03)00096-4; in the implementation of scikit-learn.

The share is estimated from the samples; the rank is not used. Departure from the paper: the covariance that it shrinks
is that of the observations, noise and all, and so `subtract_noise` takes the known variance of the noise out of the
result. Without it the answer is the paper's.
"""

from sklearn.covariance import ledoit_wolf

from benchmark.algorithms.granted import noise_of
from benchmark.contract import Estimate, Problem
from benchmark.covariance import check_samples, without_noise
from benchmark.samples import as_rows

LABEL = "Ledoit-Wolf"
FAMILY = "covariance shrinkage"
TASKS = {"covariance"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, subtract_noise: bool = True) -> Estimate:
    """Return the p x p covariance of n x p samples."""
    samples = as_rows(problem.observed)
    check_samples(samples)
    covariance, _ = ledoit_wolf(samples)
    if subtract_noise:
        covariance = without_noise(covariance, samples, noise_of("ledoit_wolf", problem))
    return Estimate(signal=covariance)
