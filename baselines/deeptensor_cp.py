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

from collections.abc import Sequence
from typing import Literal

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.decomposed import from_factors, whole_tensor
from benchmark.algorithms.factor_networks import fit_side_by_side, signal_shape
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor CP"
FAMILY = "DeepTensor"
TASKS = {"decompose", "denoise", "outliers", "recover"}
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
    check_choices(solve, loss=loss, input=input, stopping=stopping)
    return _fit(
        [problem],
        [seed],
        device,
        loss=loss,
        iterations=iterations,
        learning_rate=learning_rate,
        perturbation=perturbation,
        channels=channels,
        scales=scales,
        input=input,
        weights=weights,
        stopping=stopping,
    )[0]


def solve_many(problems: Sequence[Problem], *, seeds: Sequence[int], device: str, **params) -> list[Estimate]:
    """Return what `solve` returns for each of the problems, whose signals have one shape and rank, side by side.

    That is several times faster for small ones. The clock of a trace is that of all together.
    """
    return _fit(problems, seeds, device, **(solve.__kwdefaults__ | params))


def _fit(
    problems: Sequence[Problem],
    seeds: Sequence[int],
    device: str,
    channels: int,
    scales: int,
    input: str,
    perturbation: float,
    weights: bool,
    **settings,
) -> list[Estimate]:
    rank = rank_of("deeptensor_cp", problems[0])
    network = Network(channels=channels, scales=scales, input=input, perturbation=perturbation)
    if any("model" in problem.granted for problem in problems):
        for problem in problems:
            whole_tensor("deeptensor_cp", problem)
    modes = tuple((axis,) for axis in range(len(signal_shape(problems[0]))))
    model = Model(rank, modes=modes, network=network, weights=weights)
    estimates = fit_side_by_side(problems, model, seeds=seeds, device=device, **settings)
    return [from_factors(problem, own) for problem, own in zip(problems, estimates, strict=True)]
