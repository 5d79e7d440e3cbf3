"""Minimises ||Y - X||_F^2 / 2 + t ||X||_*, with the threshold t by Stein's unbiased risk estimate.

X = 1 m^T + U (S - t)_+ V^T with the observation Y = 1 m^T + U S V^T, a cube unfolded to (height * width) x bands. m
holds the mean of each band of a cube, and the mean of all entries of a matrix. The rank follows; the given one is not
used.

Candes, Sing-Long and Trzasko, Unbiased risk estimates for singular value thresholding and spectral estimators, IEEE
Transactions on Signal Processing 61 (2013), DOI 10.1109/TSP.2013.2270464.

Departures from the paper: it centres nothing (the risk of the means is left out), and it assumes white noise. For other
noise the mean of its variance is taken. The minimum over t is exact, not that of a grid.
"""

import numpy as np

from benchmark.algorithms.granted import sigma_of
from benchmark.algorithms.lowrank import centred, fold, right_singular
from benchmark.algorithms.sure import best_threshold
from benchmark.contract import Estimate, Problem

LABEL = "SVT, threshold by SURE"
FAMILY = "singular-value shrinkage"
TASKS = {"denoise"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return factors of shapes H x W x r and B x r, the means as their last component."""
    sigma = sigma_of("svt_sure", problem)
    matrix, mean = centred(problem.observed)
    singular_values, right = right_singular(matrix)
    threshold = best_threshold(singular_values, sigma, matrix.shape)
    kept = singular_values > threshold
    left = matrix @ (right[:, kept] * (1 - threshold / singular_values[kept]))
    left, right = np.column_stack([left, np.ones(len(left))]), np.column_stack([right[:, kept], mean])
    return Estimate(factors=fold(left, right, problem.observed.shape))
