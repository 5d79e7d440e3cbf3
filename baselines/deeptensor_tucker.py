"""Minimises the misfit of a Tucker tensor to the observation, where an untrained network generates each axis's factor.

The factors come from one-dimensional skip networks, and a core of the ranks that are told of the unfoldings is learned
beside them. The estimate is the iterate of lowest training loss.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145, which has
matrices and CP tensors; the defaults are its common settings, as of DeepTensor CP. Licence: see
`benchmark.algorithms.factor_networks`.
"""

from collections.abc import Sequence

import numpy as np

from benchmark.algorithms.decomposed import decomposed, ranks_of, whole_tensor
from benchmark.contract import Estimate, Problem
from deeptensor.fit import factorise_many
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor Tucker"
FAMILY = "DeepTensor"
TASKS = {"decompose"}
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
    """Return the signal I x J x K and the factors A, B and C."""
    return _fit([problem], [seed], device, iterations, learning_rate, perturbation, channels, scales)[0]


def solve_many(problems: Sequence[Problem], *, seeds: Sequence[int], device: str, **params) -> list[Estimate]:
    """Return what `solve` returns for each of the problems, whose signals have one shape and ranks, side by side."""
    return _fit(problems, seeds, device, **(solve.__kwdefaults__ | params))


def _fit(
    problems: Sequence[Problem],
    seeds: Sequence[int],
    device: str,
    iterations: int,
    learning_rate: float,
    perturbation: float,
    channels: int,
    scales: int,
) -> list[Estimate]:
    [ranks] = {tuple(ranks_of("deeptensor_tucker", problem, "tucker").tolist()) for problem in problems}
    network = Network(channels=channels, scales=scales, perturbation=perturbation)
    fits = factorise_many(
        [whole_tensor("deeptensor_tucker", problem).astype(np.float32) for problem in problems],
        Model(ranks, "tucker", ((0,), (1,), (2,)), network),
        iterations=iterations,
        learning_rate=learning_rate,
        schedule="fixed",
        seeds=seeds,
        device=device,
    )
    return [
        decomposed(fit.decomposition.reconstruct(), **dict(zip("ABC", fit.decomposition.factors, strict=True)))
        for fit in fits
    ]
