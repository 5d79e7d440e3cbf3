"""Minimises ||W - U V^T||_F for both matrices of a trained recurrent network, where untrained networks make U and V.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145, on what the
paper does not try: the order of the units of a state means nothing to it, and all to a convolutional network, so that
it is a negative control. Rank: the largest, one for both, that the budget allows, as for the SVD; settings of the
networks are those of `deeptensor.factorise`, and the data are divided by twice their root mean square. Licence: see
`benchmark.algorithms.factor_networks`.
"""

import numpy as np

from benchmark.algorithms.posthoc import answer_of, product_rank
from benchmark.contract import Estimate, Problem
from deeptensor.fit import factorise
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor, post hoc"
FAMILY = "DeepTensor"
TASKS = {"posthoc"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int = 1700,
    learning_rate: float = 1.5e-2,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return two factors of each matrix."""
    matrices, rank = product_rank(problem)
    parts = []
    for own in matrices:
        scale = 2 * np.sqrt(np.mean(own.values**2))
        model = Model(rank, network=Network(channels=channels, scales=scales))
        fit = factorise(
            own.values / scale, model, iterations=iterations, learning_rate=learning_rate, seed=seed, device=device
        )
        left, right = (np.sqrt(scale) * np.asarray(factor, np.float64) for factor in fit.decomposition.factors)
        parts.append({"left": left, "right": right.T})
    return answer_of(parts, iterations=iterations)
