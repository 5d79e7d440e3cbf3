"""Minimises the squared misfit of V^T V to the sample covariance, where an untrained network generates V.

A two-dimensional skip network makes V as r images of the samples' size, h x w, and the basis is the r leading
eigenvectors of V^T V; of samples without image axes the network is one-dimensional. V is the iterate of lowest training
loss.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145, Figure 2.

Departures from the paper: the covariance, in the convention of `benchmark.covariance`, is divided by its largest
magnitude for the fit, where the authors' script fits to unnormalised sums of thousands. `centre="samples"` subtracts
each image's own mean, as the script does, in place of the mean image. The number of iterations is the script's. Sides
too short for five scales get fewer. Licence: see `benchmark.algorithms.factor_networks`.
"""

from typing import Literal

import numpy as np
from sklearn.utils.extmath import svd_flip

from benchmark.algorithms.factor_networks import fit_covariance
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem
from benchmark.covariance import sample_covariance
from benchmark.samples import as_rows, check_rank
from deeptensor.models import Decomposition, Model
from deeptensor.networks import Network

LABEL = "DeepTensor basis"
FAMILY = "DeepTensor"
TASKS = {"basis", "metric"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    centre: Literal["features", "samples"] = "features",
    iterations: int = 100,
    learning_rate: float = 1e-3,
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return the basis, of shape (rank, *sample shape), orthonormal, by descending eigenvalue, with a trace."""
    samples, shape, rank = as_rows(problem.observed), problem.observed.shape[1:], rank_of("deeptensor_basis", problem)
    check_rank(rank, samples.shape[1], samples)
    axes = range(len(shape))
    modes = (tuple(axes), tuple(len(shape) + axis for axis in axes))
    network = Network(channels=channels, scales=scales, perturbation=perturbation)
    return fit_covariance(
        sample_covariance(samples, centre).reshape(*shape, *shape),
        Model(rank, "symmetric", modes, network),
        answer=basis,
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )


def basis(decomposition: Decomposition) -> np.ndarray:
    """Return the eigenvectors (rank, *sample shape) of V^T V, descending, the largest entry of each positive."""
    images = np.moveaxis(decomposition.factors[0].astype(np.float64), -1, 0)
    _, _, vectors = np.linalg.svd(images.reshape(len(images), -1), full_matrices=False)
    _, vectors = svd_flip(None, vectors, u_based_decision=False)
    return vectors.reshape(images.shape)
