"""Minimises the misfit of a CP tensor to the observation, where an untrained network generates the factor of each axis.

The entry (i, j, k) of the tensor is the sum over r of U[i, r] V[j, r] W[k, r]; the factors come from one-dimensional
skip networks, and a matrix has two. Of indirect measurements, the misfit is that of the operator's. The estimate is the
iterate of lowest training loss, or that of a rule that needs no truth.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145.

The defaults are the paper's common settings: l2 loss, 128 channels, random inputs, Adam at 1e-3. Two experiments
differ: for salt and pepper (Fig 10) it has the loss "l1", and for tomography (Fig 12) `input="positional"` and
`weights=True`, one learned weight for each r. Departures from the paper: axes too short for five scales get fewer, and
the trace also follows an exponential average of the iterates.

Licence: the authors' code is free, but US patent application 2024/0249123 (Rice University) claims the method.
"""

from benchmark.algorithms.untrained import estimate_of, stopping_rule
from benchmark.contract import Estimate, Problem
from deeptensor import Model, Network, factorise

LABEL = "DeepTensor CP"
TASKS = {"denoise", "outliers", "tomography"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    loss: str = "l2",
    iterations: int = 5000,
    learning_rate: float = 1e-3,
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
    input: str = "random",
    weights: bool = False,
    stopping: str = "lowest_loss",
) -> Estimate:
    """Return a factor of shape n x rank for each axis of length n, with a trace; see `stopping_rule` for `stopping`."""
    signal = problem.observed if problem.operator is None else problem.operator
    network = Network(channels=channels, scales=scales, input=input, perturbation=perturbation)
    fit = factorise(
        problem.observed,
        Model(
            problem.rank, modes=tuple((axis,) for axis in range(len(signal.shape))), network=network, weights=weights
        ),
        operator=problem.operator,
        loss=loss,
        stopping=stopping_rule(stopping, [problem]),
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )
    return estimate_of(fit)
