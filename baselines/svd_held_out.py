"""Truncated SVD at the rank that predicts held-out entries best.

A twentieth of the entries of the observation, a cube unfolded to (height * width) x bands, is held out, the same ones
every time. For each rank of a grid they are imputed: set to the truncated SVD of the matrix with them in place, again
and again until they move by less than a thousandth of the standard deviation of the other entries, or 30 times. Each
rank starts from the imputation of the last. The rank with the smallest error at these entries truncates the whole
observation.

The grid has steps of 1 up to rank 10, and of about a tenth of the rank above. It is left off at the third rank without
a new best. The given rank is not used, and no noise level.

Owen and Perry, Bi-cross-validation of the SVD and the nonnegative matrix factorization, The Annals of Applied
Statistics 3 (2009), DOI 10.1214/08-AOAS227, choose the rank by held-out blocks. Departure: scattered entries, imputed
by the iteration of Mazumder, Hastie and Tibshirani, Spectral regularization algorithms for learning large incomplete
matrices, Journal of Machine Learning Research 11 (2010), with a rank in place of the soft threshold.
"""

from collections.abc import Iterator

import numpy as np

from benchmark.algorithms.held_out import best_iteration, hold_out
from benchmark.algorithms.lowrank import right_singular, truncated_svd, unfold
from benchmark.contract import Estimate, Problem

LABEL = "SVD, rank by held-out entries"
FAMILY = "truncated SVD"
TASKS = {"denoise"}
DEVICES = {"cpu"}

TOLERANCE = 1e-3


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 30, patience: int = 3) -> Estimate:
    """Return the factors of the truncated SVD, of shapes H x W x r and B x r."""
    matrix = unfold(problem.observed)
    held, ranks = hold_out(matrix.shape, seed=0), rank_grid(min(matrix.shape))
    best = best_iteration(imputations(matrix, held, ranks, iterations), matrix, held, patience)
    return Estimate(factors=truncated_svd(problem.observed, ranks[best - 1]))


def rank_grid(largest: int) -> list[int]:
    """Return ranks from 1 to `largest` at most, in steps of 1 up to 10 and of about a tenth above."""
    ranks = [1]
    while (following := max(ranks[-1] + 1, round(1.1 * ranks[-1]))) <= largest:
        ranks.append(following)
    return ranks


def imputations(matrix: np.ndarray, held: np.ndarray, ranks: list[int], iterations: int) -> Iterator[np.ndarray]:
    """Yield the fit to the entries of an m x n matrix that are not `held`, of each of the ascending ranks."""
    seen = matrix[~held]
    filled = np.where(held, seen.mean(), matrix)
    for rank in ranks:
        for _ in range(iterations):
            right = right_singular(filled)[1][:, :rank]
            fit = (filled @ right) @ right.T
            moved = np.sqrt(np.mean((fit[held] - filled[held]) ** 2))
            filled[held] = fit[held]
            if moved <= TOLERANCE * seen.std():
                break
        yield fit
