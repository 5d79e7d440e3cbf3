"""Minimises |X| subject to A X = Y, for an operator A of orthonormal rows: X = A^T Y.

The control without any prior. Of measurements of a share of an orthonormal transform of pixels in random order, the
error is that of the mean less this share.

Penrose, On best approximate solutions of linear matrix equations, Mathematical Proceedings of the Cambridge
Philosophical Society 52 (1956), DOI 10.1017/S0305004100030929.
"""

import numpy as np

from benchmark.contract import Estimate, Problem

LABEL = "Minimum norm"
FAMILY = "control"
TASKS = {"recover"}
OPERATORS = {"scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu"}
CONTROL = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the image, H x W."""
    return Estimate(signal=problem.operator.adjoint(problem.observed.astype(np.float64)))
