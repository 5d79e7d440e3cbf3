"""Minimises ||Y - X||_F^2 / 2 + t ||X||_* approximately, by thresholding the singular values of a random projection.

X = 1 m^T + Q U (S - t)_+ W^T H^T with the means m as in `svt_sure`, an orthonormal basis Q of the range of
(C C^T)^q C Omega, C = Y - 1 m^T, Omega random, C^T Q = H K by a QR decomposition, and K^T = U S W^T. Omega has as many
columns as C has singular values above t, and `oversampling` more. t is that of `svt_sure`, by Stein's unbiased risk
estimate (DOI 10.1109/TSP.2013.2270464); it needs the singular values, though not the vectors.

Oh, Matsushita, Tai and Kweon, Fast randomized singular value thresholding for low-rank optimization, IEEE Transactions
on Pattern Analysis and Machine Intelligence 40 (2018), DOI 10.1109/TPAMI.2017.2677440.

Departures from the paper: a single thresholding, where the paper has one in each iteration of a host algorithm and
starts from the last one's basis, as `pcp` with `svt` "randomised" does; and an SVD of the small triangle K^T in place
of its polar decomposition.
"""

import numpy as np

from benchmark.algorithms.granted import sigma_of
from benchmark.algorithms.lowrank import centred, fold
from benchmark.algorithms.randomised_svt import sketched_basis, thresholded
from benchmark.algorithms.sure import best_threshold
from benchmark.contract import Estimate, Problem

LABEL = "Fast randomised SVT"
FAMILY = "singular-value shrinkage"
TASKS = {"denoise"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, oversampling: int = 10, power_iterations: int = 2) -> Estimate:
    """Return factors of shapes H x W x r and B x r, the means as their last component."""
    sigma = sigma_of("fast_svt", problem)
    matrix, mean = centred(problem.observed)
    singular_values = gram_singular_values(matrix)
    threshold = best_threshold(singular_values, sigma, matrix.shape)
    size = min(np.count_nonzero(singular_values > threshold) + oversampling, len(singular_values))
    directions = np.random.default_rng(seed).standard_normal((matrix.shape[1], size))
    left, right = thresholded(matrix, threshold, sketched_basis(matrix, directions, power_iterations))
    left, right = np.column_stack([left, np.ones(len(left))]), np.column_stack([right, mean])
    return Estimate(factors=fold(left, right, problem.observed.shape))


def gram_singular_values(matrix: np.ndarray) -> np.ndarray:
    """Return the min(m, n) singular values of a matrix in descending order, accurate to 1e-8 of the largest."""
    gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    return np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[::-1], 0))
