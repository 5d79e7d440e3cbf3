"""Minimises the misfit of a CP tensor to the observation, where an untrained network generates the factor of each axis.

The entry (i, j, k) of the tensor is the sum over r of U[i, r] V[j, r] W[k, r]; the factors come from one-dimensional
skip networks, and a matrix has two. Of indirect measurements, the misfit is that of the operator's. The estimate is the
iterate of lowest training loss, or that of a rule that needs no truth.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145.

The defaults are the paper's common settings: l2 loss, 128 channels, random inputs, Adam at 1e-3. Two experiments
differ: for salt and pepper (Fig 10) it has the loss "l1", and for tomography (Fig 12) `input="positional"` and
`weights=True`, one learned weight for each r. Departures from the paper: axes too short for five scales get fewer, and
the trace also follows an exponential average of the iterates. Licence: see `benchmark.algorithms.factor_networks`.
"""

from typing import Literal

from benchmark.algorithms.factor_networks import fit_model, signal_shape
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor CP"
FAMILY = "DeepTensor"
TASKS = {"denoise", "outliers", "recover"}
OPERATORS = {"radon", "coded_exposure"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    loss: Literal["l1", "l2", "huber", "poisson"] = "l2",
    iterations: int = 5000,
    learning_rate: float = 1e-3,
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
    input: Literal["random", "positional"] = "random",
    weights: bool = False,
    stopping: Literal[
        "lowest_loss", "held_out", "discrepancy", "windowed_variance", "exponential_variance"
    ] = "lowest_loss",
) -> Estimate:
    """Return a factor of shape n x rank for each axis of length n, with a trace; see `stopping_rule` for `stopping`."""
    network = Network(channels=channels, scales=scales, input=input, perturbation=perturbation)
    modes = tuple((axis,) for axis in range(len(signal_shape(problem))))
    return fit_model(
        problem,
        Model(rank_of("deeptensor_cp", problem), modes=modes, network=network, weights=weights),
        loss=loss,
        stopping=stopping,
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )
