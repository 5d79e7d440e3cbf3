"""The unit vectors, one a pixel: a classifier on this basis sees the noisy samples as they are, without any projection.

A basis that does worse under noise than all pixels gains nothing for classification.
"""

import numpy as np

from benchmark.contract import Estimate, Problem

LABEL = "Raw pixels"
FAMILY = "control"
TASKS = {"basis"}
DEVICES = {"cpu"}
CONTROL = True
COMPLETE = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the unit vectors, of shape (p, *sample shape) for samples of p pixels, which is the rank asked for."""
    return Estimate(signal=np.eye(problem.rank, dtype=np.float32).reshape(problem.rank, *problem.observed.shape[1:]))
