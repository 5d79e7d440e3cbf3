"""Projects images onto vectors that untrained networks make of the training images' covariance; nearest neighbour.

An image network makes V, of 100 images, for the least squared misfit of V^T V to the covariance of the training images,
of unit norm. Queries are projected onto the span of V and get the label of the nearest training image there, as with
eigenfaces.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145, Figure 2, which
judges bases of faces by classification; parameters are those of the method `deeptensor_basis`, and its departures from
the paper hold here, too. Licence: see `benchmark.algorithms.factor_networks`.
"""

import numpy as np

from benchmark.algorithms.faces import faces_of, nearest_projection
from benchmark.algorithms.factor_networks import fit_covariance
from benchmark.contract import Estimate, Problem
from benchmark.covariance import sample_covariance
from deeptensor.models import Decomposition, Model
from deeptensor.networks import Network

LABEL = "DeepTensor basis, nearest neighbour"
FAMILY = "DeepTensor"
TASKS = {"classify"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    components: int = 100,
    iterations: int = 100,
    learning_rate: float = 1e-3,
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return the labels of the queries, (q,)."""
    faces = faces_of(problem, np.float64)
    number = min(components, len(faces.training) - 1, faces.training.shape[1])
    network = Network(channels=channels, scales=scales, perturbation=perturbation)
    basis = fit_covariance(
        sample_covariance(faces.training, "features").reshape(*faces.shape, *faces.shape),
        Model(number, "symmetric", ((0, 1), (2, 3)), network),
        answer=directions,
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )
    return Estimate(signal=nearest_projection(faces, basis.signal), iterations=basis.iterations)


def directions(decomposition: Decomposition) -> np.ndarray:
    """Return orthonormal rows that span the images of V, (rank, h w)."""
    images = decomposition.factors[0].astype(np.float64)
    return np.linalg.svd(images.reshape(-1, images.shape[-1]).T, full_matrices=False)[2]
