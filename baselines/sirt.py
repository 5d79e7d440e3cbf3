"""Minimises the residual A X - Y in the metric of the inverse row sums over X >= 0: SIRT, stopped early.

X <- max(0, X + C A^T R (Y - A X)) from zero, with the diagonal matrices R of inverse row sums and C of inverse column
sums of A (simultaneous iterative reconstruction technique). The number of iterations regularises: it is the one that
predicts best a random twentieth of the measurements, held out; the method then starts anew with all of them.

Gregor and Benson, Computational analysis and improvement of SIRT, IEEE Transactions on Medical Imaging 27 (2008),
DOI 10.1109/TMI.2008.923696. Departure: X >= 0.
"""

from collections.abc import Iterator

import numpy as np

from benchmark.algorithms.iterative import stopped_by_held_out
from benchmark.algorithms.quotients import quotient
from benchmark.contract import Estimate, Operator, Problem

LABEL = "SIRT"
FAMILY = "classical reconstruction"
TASKS = {"recover"}
OPERATORS = {"radon"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 500) -> Estimate:
    """Return the iterate, one of `iterations`, that the held-out measurements choose."""
    observed = problem.observed.astype(np.float64)
    return stopped_by_held_out(lambda kept: iterates(observed, problem.operator, kept), observed, seed, iterations)


def iterates(observed: np.ndarray, operator: Operator, kept: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield X and A X after each iteration on the measurements kept. A has no negative entries."""
    column_sums = operator.adjoint(kept.astype(np.float64))
    row_weights = quotient(kept.astype(np.float64), operator(np.ones(operator.shape)))
    signal, measured = np.zeros(operator.shape), np.zeros(observed.shape)
    while True:
        gradient = operator.adjoint(row_weights * (observed - measured))
        signal = np.maximum(signal + quotient(gradient, column_sums), 0)
        measured = operator(signal)
        yield signal, measured
