"""Minimises sum_ij W_ij (Y - A B^T)_ij^2 over the matrices of the given rank: weighted low-rank approximation.

Y is the observation, a cube unfolded to (height * width) x bands, and the weights are one over the noise variance, the
largest weight 1. The variance is taken at the truncated SVD of Y, which is also the start: at Y itself, entries that
are low by chance would get large weights and bias the answer. Variances below a tenth of their mean count as that, as
they come from estimates near zero, which are uncertain. White noise has equal weights, and the answer is the truncated
SVD.

- `als` fits A to the weighted data with B fixed, row by row, then B with A fixed. The fixed factor is orthonormalised
  first, so that the solves need no ridge unless weights are zero. `regularisation` adds one, times ||A B^T||_F^2.
- `em` takes W Y + (1 - W) X for complete data, and X as its truncated SVD. It needs many more iterations than `als`.

Both decrease the objective in each iteration, and stop when it falls by less than `tolerance` of itself. The problem is
not convex: they end in a local minimum near the start.

Srebro and Jaakkola, Weighted low-rank approximations, International Conference on Machine Learning (2003), for `em`;
Gabriel and Zamir, Lower rank approximation of matrices by least squares with any choice of weights, Technometrics 21
(1979), DOI 10.1080/00401706.1979.10489819, for `als`.

Departures from the papers: one start, where Srebro and Jaakkola raise some of the weights, or the rank, step by step
against the local minima of weights that are zero or one. The weights of noise are never zero.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.granted import noise_of, rank_of
from benchmark.algorithms.lowrank import fold, truncated_svd, unfold
from benchmark.contract import Estimate, Factors, Problem, compose
from benchmark.noise import Noise

LABEL = "Weighted low rank"
FAMILY = "truncated SVD"
TASKS = {"denoise"}
DEVICES = {"cpu"}

# Rows in one product of weights with the pairs of factor entries, which are rank^2 numbers a row.
BLOCK = 4096


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    algorithm: Literal["als", "em"] = "als",
    regularisation: float = 0.0,
    iterations: int = 100,
    tolerance: float = 1e-5,
) -> Estimate:
    """Return factors of shapes H x W x rank and B x rank, after at most `iterations` iterations."""
    check_choices(solve, algorithm=algorithm)
    algorithms = {"als": alternating_least_squares, "em": expectation_maximisation}
    matrix = unfold(problem.observed)
    start = truncated_svd(matrix, rank_of("wlra", problem))
    weights = noise_weights(compose(start), noise_of("wlra", problem))
    values = [objective(matrix, weights, start, regularisation)]
    for factors in islice(algorithms[algorithm](matrix, weights, start, regularisation), iterations):
        values.append(objective(matrix, weights, factors, regularisation))
        if values[-2] - values[-1] <= tolerance * values[-2]:
            break
    return Estimate(factors=fold(*factors, problem.observed.shape), iterations=len(values) - 1)


def noise_weights(estimate: np.ndarray, noise: Noise) -> np.ndarray:
    """Return weights, of the shape of an estimate of the mean, inverse to the noise variance there, at most 1."""
    variance = noise.variance(estimate)
    floored = np.maximum(variance, variance.mean() / 10)
    return floored.min() / floored if variance.any() else np.ones_like(variance)


def objective(matrix: np.ndarray, weights: np.ndarray, factors: Factors, regularisation: float) -> float:
    """Return sum_ij W_ij (Y - X)_ij^2 + regularisation ||X||_F^2 of an m x n matrix Y and factors of X."""
    fit = compose(factors)
    return float(np.sum(weights * (matrix - fit) ** 2) + regularisation * np.sum(fit**2))


def expectation_maximisation(
    matrix: np.ndarray, weights: np.ndarray, factors: Factors, regularisation: float
) -> Iterator[Factors]:
    """Yield factors, m x r and n x r, of an objective that never rises, for weights from 0 to 1."""
    rank = factors[0].shape[1]
    while True:
        fit = compose(factors)
        factors = truncated_svd((fit + weights * (matrix - fit)) / (1 + regularisation), rank)
        yield factors


def alternating_least_squares(
    matrix: np.ndarray, weights: np.ndarray, factors: Factors, regularisation: float
) -> Iterator[Factors]:
    """Yield factors, m x r and n x r, of an objective that never rises.

    Without regularisation, r weights at least of each row and column are not zero.
    """
    _, right = factors
    while True:
        left = regressed(matrix, weights, np.linalg.qr(right)[0], regularisation)
        left, _ = np.linalg.qr(left)
        right = regressed(matrix.T, weights.T, left, regularisation)
        yield left, right


def regressed(matrix: np.ndarray, weights: np.ndarray, factor: np.ndarray, regularisation: float) -> np.ndarray:
    """Return A, m x r, that minimises the objective of A F^T for an n x r factor F of orthonormal columns."""
    rank = factor.shape[1]
    solution, ridge = np.empty((len(matrix), rank)), regularisation * np.eye(rank)
    for rows in blocks(len(matrix)):
        normal = sum(weights[rows, part] @ pairs(factor[part]) for part in blocks(len(factor)))
        target = (weights[rows] * matrix[rows]) @ factor
        solution[rows] = np.linalg.solve(normal.reshape(-1, rank, rank) + ridge, target[..., None])[..., 0]
    return solution


def pairs(factor: np.ndarray) -> np.ndarray:
    """Return the products of any two entries of a row, n x r^2, of an n x r factor."""
    return (factor[:, :, None] * factor[:, None, :]).reshape(len(factor), -1)


def blocks(length: int) -> list[slice]:
    """Return slices of at most `BLOCK` that cover `length` entries."""
    return [slice(start, start + BLOCK) for start in range(0, length, BLOCK)]
