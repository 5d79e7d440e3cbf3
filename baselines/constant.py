"""Minimises ||Y - c||_F over the constants c: every entry becomes the mean of all.

Of measurements A X of an image, one of which is its mean, c is that mean: it minimises ||Y - A c||_F.

The control for noise so strong that the mean beats a factorisation. It is the limit of shrinkage towards the grand
mean: Efron and Morris, Data analysis using Stein's estimator and its generalizations, Journal of the American
Statistical Association 70 (1975), DOI 10.1080/01621459.1975.10479864.
"""

import numpy as np

from benchmark.algorithms.compressive import measured
from benchmark.contract import Estimate, Problem

LABEL = "Constant"
FAMILY = "control"
TASKS = {"denoise", "factorise", "recover"}
OPERATORS = {"scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return factors of rank 1: ones of shape n x 1 along the first axis, the mean along the others, h x w x 1."""
    first, *others = (problem.operator or problem.observed).shape
    mean = measured(problem).mean if problem.operator else problem.observed.mean(dtype=np.float64)
    return Estimate(factors=(np.ones((first, 1)), np.full((*others, 1), mean)))
