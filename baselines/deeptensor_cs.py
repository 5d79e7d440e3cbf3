"""Minimises the squared misfit of measurements of an image that untrained networks generate: as U V^T, or whole.

Of `factors`, U (H x r) and V (W x r) are outputs of one-dimensional networks; an `image` is the output of a single
two-dimensional one. The estimate is the iterate of lowest training loss. The mean of the image, which is measured, is
set apart: it holds nearly all energy of the measurements, and a fit to them would be to it alone for long.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145. The whole image
is the model of Van Veen et al., Compressed sensing with deep image prior and learned regularization, arXiv 1806.06438,
by the networks of DeepTensor.

The paper has no such experiment; the settings are its common ones. Licence: see `benchmark.algorithms.factor_networks`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.compressive import measured
from benchmark.algorithms.factor_networks import fit_model
from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.scrambled import Centred
from benchmark.contract import Estimate, Problem
from deeptensor.models import Decomposition, Model
from deeptensor.networks import Network

LABEL = "DeepTensor on measurements"
FAMILY = "DeepTensor"
TASKS = {"recover"}
OPERATORS = {"scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    model: Literal["factors", "image"] = "factors",
    iterations: int = 5000,
    learning_rate: float = 1e-3,
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return the image, H x W, with a trace."""
    check_choices(solve, model=model)
    known, network = measured(problem), Network(channels=channels, scales=scales, perturbation=perturbation)
    if model == "factors":
        form = Model(rank_of("deeptensor_cs", problem), network=network)
    else:
        form = Model(1, modes=((0, 1),), network=network)
    return fit_model(
        replace(problem, observed=known.y.astype(np.float32), operator=Centred(problem.operator)),
        form,
        answer=with_mean(known.mean),
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )


def with_mean(mean: float) -> Callable[[Decomposition], np.ndarray]:
    """Return the function that reads an image of the given mean off the factors."""

    def image(decomposition: Decomposition) -> np.ndarray:
        first, *others = decomposition.factors
        own = (first @ others[0].T if others else first[..., 0]).astype(np.float32)
        return own - own.mean() + mean

    return image
