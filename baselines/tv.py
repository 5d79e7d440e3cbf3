"""Minimises 1/2 |A X - Y|^2 + weight * TV(X), or TV(X) alone through the entries that outliers spare.

TV is the isotropic total variation, the sum of sqrt(sum over the axes of squared forward differences): of each image
H x W (`dimensions` 2), or along all three axes (3). A is the operator of the problem, through which X >= 0 is asked
for, or the identity. Salt and pepper leaves entries exact or makes them 0 or 1: those of 0 and 1 are dropped, clean or
not, and the others kept as they are, so that TV fills the gaps and there is no weight.

Rudin, Osher and Fatemi, Nonlinear total variation based noise removal algorithms, Physica D 60 (1992),
DOI 10.1016/0167-2789(92)90242-F; by the primal-dual method of Chambolle and Pock, Journal of Mathematical Imaging and
Vision 40 (2011), DOI 10.1007/s10851-010-0251-1.

The weight is that which predicts best a random twentieth of the observation, held out, among 0.32, 0.16, ..., 0.0025
times the mean squared norm of the columns of A, as the peak of signals is 1; each fit starts from that of the weight
before, and the list ends early at two weights without gain. The last fit is to all entries. It computes in single
precision.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.held_out import hold_out
from benchmark.algorithms.salt_and_pepper import suspects
from benchmark.algorithms.total_variation import WEIGHTS, best_weight, minimise, scales_of, start
from benchmark.contract import Estimate, Problem, Skipped
from benchmark.noise import SaltAndPepper

LABEL = "TV"
FAMILY = "total variation"
TASKS = {"denoise", "outliers", "recover"}
OPERATORS = {"radon", "coded_exposure"}
DEVICES = {"cpu"}
STOCHASTIC = True

# Where the kept entries are exact, the weight decides nothing but the pace.
EXACT_WEIGHT = 0.1


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    dimensions: Literal[2, 3] = 2,
    tolerance: float = 2e-4,
    iterations: int = 300,
) -> Estimate:
    """Return the signal. Each fit ends after `iterations`, or where one changes the signal by less than `tolerance`."""
    check_choices(solve, dimensions=dimensions)
    settings = {"tolerance": tolerance, "iterations": iterations}
    observed = problem.observed.astype(np.float32, order="C")
    if isinstance(problem.noise, SaltAndPepper):
        axes = range(min(dimensions, observed.ndim))
        return Estimate(signal=fill(observed, axes, settings))
    operator, scales = problem.operator, scales_of(problem.operator)
    settings |= {"operator": operator, "scales": scales, "non_negative": operator is not None}
    axes = range(min(dimensions, observed.ndim if operator is None else len(operator.shape)))
    weights = [weight * scales.column_energy for weight in WEIGHTS]

    held = hold_out(observed.shape, seed)
    best, state = best_weight(observed, weights, axes, held, **settings)
    return Estimate(signal=minimise(observed, best, axes, np.ones_like(held), state, **settings).signal)


def fill(observed: np.ndarray, axes: range, settings: dict) -> np.ndarray:
    """Return the signal of least total variation that has the entries observed other than 0 and 1."""
    kept = ~suspects(observed)
    if not kept.any():
        raise Skipped("every entry is 0 or 1, so that none is known to be free of outliers")
    filled = minimise(observed, EXACT_WEIGHT, axes, kept, start(observed, kept, axes, None), exact=True, **settings)
    return np.where(kept, observed, filled.signal)
