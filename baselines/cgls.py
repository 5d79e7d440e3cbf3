"""Minimises |A X - Y|^2 by conjugate gradients for least squares (CGLS) from zero, stopped early.

The number of iterations regularises: early iterates lack the noise that A hardly sees. It is the one that predicts best
a random twentieth of the measurements, held out; the method then starts anew with all of them.

Hestenes and Stiefel, Methods of conjugate gradients for solving linear systems, Journal of Research of the National
Bureau of Standards 49 (1952), DOI 10.6028/jres.049.044; Björck, Numerical Methods for Least Squares Problems (1996),
DOI 10.1137/1.9781611971484, algorithm 7.4.1.
"""

from collections.abc import Iterator

import numpy as np

from benchmark.algorithms.iterative import stopped_by_held_out
from benchmark.contract import Estimate, Operator, Problem

LABEL = "Least squares (CGLS)"
FAMILY = "classical reconstruction"
TASKS = {"recover"}
OPERATORS = {"radon"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 100) -> Estimate:
    """Return the iterate, one of `iterations`, that the held-out measurements choose."""
    observed = problem.observed.astype(np.float64)
    return stopped_by_held_out(lambda kept: iterates(observed, problem.operator, kept), observed, seed, iterations)


def iterates(observed: np.ndarray, operator: Operator, kept: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield X and A X after each iteration of CGLS on the measurements kept; each in place of the one before."""
    signal, measured = np.zeros(operator.shape), np.zeros(observed.shape)
    residual = kept * observed
    steepest = operator.adjoint(residual)
    direction, energy = steepest, np.sum(steepest**2)
    while True:
        image = operator(direction)
        seen = kept * image
        # Once the minimum is reached, nothing moves.
        step = energy / max(np.sum(seen**2), np.finfo(float).tiny)
        signal += step * direction
        measured += step * image
        yield signal, measured
        residual -= step * seen
        steepest = operator.adjoint(residual)
        previous, energy = energy, np.sum(steepest**2)
        direction = steepest + energy / max(previous, np.finfo(float).tiny) * direction
