"""Minimises the misfit of U V^T to the observation, where untrained convolutional networks generate U and V.

U, of shape H x W x r, comes from a two-dimensional skip network and V, of shape B x r, from a one-dimensional one; of a
matrix both factors come from one-dimensional networks. Of coded frames, the misfit is that of what the code makes of
the video U V^T, H x W x T. The estimate is the iterate of lowest training loss, or that of a rule that needs no truth.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145.

Departures from the paper: it has the l2 loss throughout, while the authors' script for hyperspectral cubes has l1;
`loss` chooses. Axes too short for the five scales of the authors' networks get fewer. The trace also follows an
exponential average of the iterates, which the paper does not use. For video the paper has 64 channels. Licence: see
`benchmark.algorithms.factor_networks`.
"""

from collections.abc import Sequence
from typing import Literal

from benchmark.algorithms.factor_networks import fit_side_by_side
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor"
FAMILY = "DeepTensor"
TASKS = {"denoise", "outliers", "recover", "columns"}
OPERATORS = {"radon", "coded_exposure", "per_column"}
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
    schedule: Literal["linear", "fixed", "step", "exponential", "cosine"] = "fixed",
    network: Literal["skip", "decoder", "mlp"] = "skip",
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
    stopping: Literal[
        "lowest_loss", "held_out", "discrepancy", "windowed_variance", "exponential_variance"
    ] = "lowest_loss",
) -> Estimate:
    """Return factors of shapes H x W x r and B x r, or of a matrix H x W of shapes H x r and W x r, with a trace.

    See `benchmark.algorithms.factor_networks.stopping_rule` for `stopping`, `deeptensor.schedules` for `schedule`, the
    factor of the learning rate, and `deeptensor.Network` for the kind of `network`: the paper's Fig 8 has also
    "decoder".
    """
    return solve_many(
        [problem],
        seeds=[seed],
        device=device,
        loss=loss,
        iterations=iterations,
        learning_rate=learning_rate,
        schedule=schedule,
        network=network,
        perturbation=perturbation,
        channels=channels,
        scales=scales,
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
    network: str,
    channels: int,
    scales: int,
    perturbation: float,
    **settings,
) -> list[Estimate]:
    rank = rank_of("deeptensor_cube", problems[0])
    model = Model(rank, network=Network(network, channels, scales, perturbation=perturbation))
    return fit_side_by_side(problems, model, seeds=seeds, device=device, **settings)
