"""Maximises the likelihood of Poisson counts of mean A X over X >= 0 by expectation maximisation (MLEM), stopped early.

X <- X / (A^T 1) * A^T(Y / (A X)), from a constant; the unit of Y does not matter. Measurements below zero, which
read-out noise makes, count as zero; entries that enter no measurement become zero. The number of iterations
regularises: it is the one that predicts best a random twentieth of the measurements, held out; the method then starts
anew with all of them.

Shepp and Vardi, Maximum likelihood reconstruction for emission tomography, IEEE Transactions on Medical Imaging 1
(1982), DOI 10.1109/TMI.1982.4307558.
"""

from collections.abc import Iterator

import numpy as np

from benchmark.algorithms.iterative import stopped_by_held_out
from benchmark.algorithms.quotients import quotient
from benchmark.contract import Estimate, Operator, Problem

LABEL = "MLEM"
FAMILY = "classical reconstruction"
TASKS = {"recover"}
OPERATORS = {"radon"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 200) -> Estimate:
    """Return the iterate, one of `iterations`, that the held-out measurements choose."""
    counts = np.maximum(problem.observed.astype(np.float64), 0)
    return stopped_by_held_out(lambda kept: iterates(counts, problem.operator, kept), counts, seed, iterations)


def iterates(counts: np.ndarray, operator: Operator, kept: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield X and A X after each iteration on the measurements kept. A has no negative entries."""
    sensitivity = operator.adjoint(kept.astype(np.float64))
    signal = np.full(operator.shape, np.sum(counts[kept]) / np.sum(sensitivity))
    measured = operator(signal)
    while True:
        signal = quotient(signal * operator.adjoint(quotient(kept * counts, measured)), sensitivity)
        measured = operator(signal)
        yield signal, measured
