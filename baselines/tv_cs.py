"""Minimises TV(X) subject to A X = Y: of all images that meet the measurements, the one of least total variation.

TV is isotropic, the sum of the lengths of the gradients by forward differences. The rows of A are orthonormal. Of noise
of known variance, |A X - Y| may be as large as its expected norm. Without noise there is nothing to choose.

It is the model of TVAL3: Li, Yin, Jiang and Zhang, An efficient augmented Lagrangian method with applications to total
variation minimization, Computational Optimization and Applications 56 (2013), DOI 10.1007/s10589-013-9576-1.

Departure from the paper: the program solves a penalised form by alternating directions, and ends early; here the model
is solved to the end, by the primal-dual method of Chambolle and Pock, Journal of Mathematical Imaging and Vision 40
(2011), DOI 10.1007/s10851-010-0251-1. X is not asked to be positive.
"""

from benchmark.algorithms.compressive import least_variation, measured
from benchmark.contract import Estimate, Problem

LABEL = "TV, exact data"
FAMILY = "total variation"
TASKS = {"recover"}
OPERATORS = {"scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 300, tolerance: float = 1e-4) -> Estimate:
    """Return the image; it ends after `iterations`, or where one changes the image by less than `tolerance`."""
    known = measured(problem)
    image, done = least_variation(known, iterations, tolerance)
    return Estimate(signal=known.mean + image, iterations=done)
