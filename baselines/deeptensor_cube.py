"""Minimises the misfit of U V^T to the observation, where untrained convolutional networks generate U and V.

U, of shape H x W x r, comes from a two-dimensional skip network and V, of shape B x r, from a one-dimensional one; of a
matrix both factors come from one-dimensional networks. Of coded frames, the misfit is that of what the code makes of
the video U V^T, H x W x T. The estimate is the iterate of lowest training loss, or that of a rule that needs no truth.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145.

Departures from the paper: it has the l2 loss throughout, while the authors' script for hyperspectral cubes has l1;
`loss` chooses. Axes too short for the five scales of the authors' networks get fewer. The trace also follows an
exponential average of the iterates, which the paper does not use. For video the paper has 64 channels.

Licence: the authors' code is free, but US patent application 2024/0249123 (Rice University) claims the method.
"""

from collections.abc import Sequence

from benchmark.algorithms.untrained import estimate_of, stopping_rule
from benchmark.contract import Estimate, Problem
from deeptensor import Model, Network, factorise_many

LABEL = "DeepTensor"
TASKS = {"denoise", "outliers", "video"}
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
    schedule: str = "fixed",
    network: str = "skip",
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
    stopping: str = "lowest_loss",
) -> Estimate:
    """Return factors of shapes H x W x r and B x r, or of a matrix H x W of shapes H x r and W x r, with a trace.

    See `benchmark.algorithms.untrained.stopping_rule` for `stopping`, `deeptensor.schedules` for `schedule`, the factor
    of the learning rate, and `deeptensor.Network` for the kind of `network`: the paper's Fig 8 has also "decoder".
    """
    settings = (loss, iterations, learning_rate, schedule, network, perturbation, channels, scales, stopping)
    return _fit([problem], [seed], device, *settings)[0]


def solve_many(problems: Sequence[Problem], *, seeds: Sequence[int], device: str, **params) -> list[Estimate]:
    """Return what `solve` returns for each of the problems, whose signals have one shape and rank, side by side.

    That is several times faster for small ones. The clock of a trace is that of all together.
    """
    if len({problem.rank for problem in problems}) > 1 or any(problem.operator is not None for problem in problems):
        raise ValueError("problems of several ranks, or with operators, are not fitted side by side: solve each alone")
    return _fit(problems, seeds, device, **(solve.__kwdefaults__ | params))


def _fit(
    problems: Sequence[Problem],
    seeds: Sequence[int],
    device: str,
    loss: str,
    iterations: int,
    learning_rate: float,
    schedule: str,
    network: str,
    perturbation: float,
    channels: int,
    scales: int,
    stopping: str,
) -> list[Estimate]:
    fits = factorise_many(
        [problem.observed for problem in problems],
        Model(problems[0].rank, network=Network(network, channels, scales, perturbation=perturbation)),
        operator=problems[0].operator,
        loss=loss,
        stopping=stopping_rule(stopping, problems),
        iterations=iterations,
        learning_rate=learning_rate,
        schedule=schedule,
        seeds=seeds,
        device=device,
    )
    return [estimate_of(fit) for fit in fits]
