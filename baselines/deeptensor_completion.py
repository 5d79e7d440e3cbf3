"""Minimises the misfit of U V^T to the entries observed, where untrained convolutional networks generate U and V.

U, of shape m x r, and V, of shape n x r, come from one-dimensional skip networks. What
`benchmark.algorithms.completion.offset` takes off the matrix is added again. A twentieth of the entries is held out;
the estimate is the iterate that predicts them best.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145. The paper
completes no matrices: the networks are those of its matrices. Licence: see `benchmark.algorithms.factor_networks`.
"""

from dataclasses import replace

import numpy as np

from benchmark.algorithms.completion import entries_of, joined, residual
from benchmark.algorithms.factor_networks import factors_of, fit_model
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor"
FAMILY = "DeepTensor"
TASKS = {"complete"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int = 5000,
    learning_rate: float = 1e-3,
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return factors, what was taken off included, with a trace."""
    model = Model(
        rank_of("deeptensor_completion", problem),
        network=Network("skip", channels, scales, perturbation=perturbation),
    )
    matrix, mask = entries_of(problem)
    values, off = residual(matrix, mask)
    return fit_model(
        replace(problem, observed=values.astype(np.float32)),
        model,
        seed=seed,
        device=device,
        answer=lambda decomposition: joined(off, factors_of(decomposition)),
        weights=mask,
        scale=float(np.abs(values).max()) or 1.0,
        stopping="held_out",
        iterations=iterations,
        learning_rate=learning_rate,
    )
