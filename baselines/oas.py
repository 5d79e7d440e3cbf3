"""Shrinks the sample covariance S towards (tr S / p) I: the oracle-approximating shrinkage, for Gaussian samples.

Chen, Wiesel, Eldar and Hero, Shrinkage algorithms for MMSE covariance estimation, IEEE Transactions on Signal
Processing 58 (2010), DOI 10.1109/TSP.2010.2053029; in the implementation of scikit-learn.

The share of the identity is min(1, (tr S^2 + tr^2 S) / ((n + 1) (tr S^2 - tr^2 S / p))) for n samples of p features;
the rank is not used. Departures from the paper: scikit-learn omits the terms in 2/p of its equation 23; and the
covariance that is shrunk is that of the observations, noise and all, so that `subtract_noise` takes the known variance
of the noise out of the result.
"""

from sklearn.covariance import oas

from benchmark.algorithms.granted import noise_of
from benchmark.contract import Estimate, Problem
from benchmark.covariance import check_samples, without_noise
from benchmark.samples import as_rows

LABEL = "Oracle-approximating shrinkage"
FAMILY = "covariance shrinkage"
TASKS = {"covariance"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, subtract_noise: bool = True) -> Estimate:
    """Return the p x p covariance of n x p samples."""
    samples = as_rows(problem.observed)
    check_samples(samples)
    covariance, _ = oas(samples)
    if subtract_noise:
        covariance = without_noise(covariance, samples, noise_of("oas", problem))
    return Estimate(signal=covariance)
