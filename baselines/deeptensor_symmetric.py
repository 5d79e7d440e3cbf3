"""Minimises the squared misfit of U U^T to the sample covariance, where an untrained network generates U.

A one-dimensional skip network along the features makes U, of shape p x r for the problem's rank r, so that the estimate
is a covariance of that rank whose eigenvectors vary smoothly along the features. It is the iterate of lowest training
loss.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145, Figure 7.

Departures from the paper: the covariance, in the convention of `benchmark.covariance`, is divided by its own largest
magnitude for the fit, while the authors' script maps it to [0, 1] by the extremes of the *clean* covariance, which no
method can know. `centre="samples"` subtracts the mean of each sample over its features, as the script does, in place of
that of each feature over the samples. The rate 1e-3 is the paper's, and the number of iterations, which the authors set
by noise and number of samples, that in their script. Too few features for five scales get fewer. Licence: see
`benchmark.algorithms.factor_networks`.
"""

from typing import Literal

from benchmark.algorithms.factor_networks import fit_covariance
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem
from benchmark.covariance import sample_covariance
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor PCA"
FAMILY = "DeepTensor"
TASKS = {"covariance"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    centre: Literal["features", "samples"] = "features",
    iterations: int = 500,
    learning_rate: float = 1e-3,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return U twice, as factors of shape p x rank, with a trace."""
    network = Network(channels=channels, scales=scales, perturbation=0)
    return fit_covariance(
        sample_covariance(problem.observed, centre),
        Model(rank_of("deeptensor_symmetric", problem), "symmetric", network=network),
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )
