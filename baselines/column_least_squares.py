"""Minimises |x_i| subject to Phi_i x_i = y_i for each column of a matrix by itself: what no column tells another.

The control without any prior. Of n-vectors in random directions, L numbers leave the error sqrt(1 - L / n).

Penrose, On best approximate solutions of linear matrix equations, Mathematical Proceedings of the Cambridge
Philosophical Society 52 (1956), DOI 10.1017/S0305004100030929.
"""

import numpy as np

from benchmark.algorithms.column_sketches import columns_of
from benchmark.contract import Estimate, Problem

LABEL = "Least squares, per column"
FAMILY = "control"
TASKS = {"columns"}
OPERATORS = {"per_column"}
DEVICES = {"cpu"}
CONTROL = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the matrix, n x m."""
    maps, observed = columns_of(problem)
    return Estimate(signal=np.matmul(np.linalg.pinv(maps), observed[..., None])[..., 0].T)
