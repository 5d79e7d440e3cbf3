"""Minimises sum_ij W_ij (Y - A B^T)_ij^2 + lambda (||A||_F^2 + ||B||_F^2) at the given rank: weighted low rank.

Y is the observation, a cube unfolded to (height * width) x bands. The penalty is that of regularised weighted low rank;
over all factors of a product it is 2 lambda times its nuclear norm, so that for equal weights the answer has the
singular values soft-thresholded by lambda. The papers square their weights: W is that square. To

- denoise, weights are one over the noise variance, the largest weight 1. The variance is taken at the truncated SVD of
  Y, which is also the start: at Y itself, entries that are low by chance would get large weights and bias the answer.
  Variances below a tenth of their mean count as that, as they come from estimates near zero, which are uncertain. White
  noise has equal weights, and the answer without a penalty is the truncated SVD.
- complete a matrix, weights are 1 where it was observed and else 0. What `benchmark.algorithms.completion.offset` takes
  off it is added again.

Two algorithms, which both decrease the objective in each iteration, and stop when it falls by less than `tolerance` of
itself. The problem is not convex: they end in a local minimum near the start.

- `als` fits A to the weighted data with B fixed, row by row, then B with A fixed.
- `em` takes W Y + (1 - W) A B^T for complete data, to which it does the same: it needs no solve for each row, and many
  more iterations than `als`.

Without a penalty the fixed factor is orthonormalised first, so that the solves are well posed unless weights are zero;
with one the factors of the product are balanced after each iteration, which lowers the penalty. A `regularisation` of
None, to complete, is chosen: with s_1 the largest singular value of W Y, s_1 / 2, then half of the last, each fit from
the last, up to the first one without a new best error at a tenth of the entries, which it did not see, or s_1 / 4096.

Srebro and Jaakkola, Weighted low-rank approximations, International Conference on Machine Learning (2003), for `em`;
Gabriel and Zamir, Lower rank approximation of matrices by least squares with any choice of weights, Technometrics 21
(1979), DOI 10.1080/00401706.1979.10489819, for `als`; Ban, Woodruff and Zhang, Regularized weighted low rank
approximation, Advances in Neural Information Processing Systems (2019), arXiv 1911.06958, for the penalty.

Departures from the papers: one start, where Srebro and Jaakkola raise some of the weights, or the rank, step by step
against local minima, and of their `em` one sweep in place of a truncated SVD, which has the same limits; none of the
sketches of the last paper, whose algorithm is one of existence.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.completion import joined, residual, split
from benchmark.algorithms.granted import noise_of, rank_of
from benchmark.algorithms.held_out import error_at
from benchmark.algorithms.lowrank import fold, truncated_svd, unfold
from benchmark.contract import Estimate, Factors, Problem, Skipped, compose
from benchmark.noise import Noise

LABEL = "Weighted low rank"
FAMILY = "truncated SVD"
TASKS = {"denoise", "complete"}
DEVICES = {"cpu"}

# Rows in one product of weights with the pairs of factor entries, which are rank^2 numbers a row.
BLOCK = 4096
# Of the penalties among which one is chosen.
STEPS = 12

# A step from factors to better ones, of data, weights, factors and lambda.
Step = Callable[[np.ndarray, np.ndarray, Factors, float], Factors]


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    algorithm: Literal["als", "em"] = "als",
    regularisation: float | None = 0.0,
    iterations: int = 100,
    tolerance: float = 1e-5,
) -> Estimate:
    """Return factors of shapes H x W x rank and B x rank, after at most `iterations` iterations.

    Skipped where a row or a column has fewer weights than the rank and `als` has no penalty.
    """
    check_choices(solve, algorithm=algorithm)
    data, rank = unfold(problem.observed), rank_of("wlra", problem)
    step = {"als": alternating_least_squares, "em": expectation_maximisation}[algorithm]
    fitting = partial(fit, step, iterations=iterations, tolerance=tolerance)
    if "mask" not in problem.granted:
        if regularisation is None:
            raise ValueError("a regularisation is chosen where a matrix is completed: give a number to denoise")
        start = truncated_svd(data, rank)
        weights = noise_weights(compose(start), noise_of("wlra", problem))
        factors, done = fitting(data, weights, start, regularisation)
        return Estimate(factors=fold(*factors, problem.observed.shape), iterations=done)
    mask = problem.granted["mask"]
    if algorithm == "als" and regularisation == 0:
        check_determined(mask, rank)
    matrix, off = residual(data, mask)
    start = truncated_svd(matrix, rank)
    if regularisation is None:
        regularisation, start = chosen(data, mask, rank, fitting)
    factors, done = fitting(matrix, mask.astype(float), start, regularisation)
    return Estimate(factors=joined(off, factors), iterations=done)


def fit(
    step: Step,
    matrix: np.ndarray,
    weights: np.ndarray,
    factors: Factors,
    regularisation: float,
    *,
    iterations: int,
    tolerance: float,
) -> tuple[Factors, int]:
    """Return the factors, m x r and n x r, that the steps end in, and their number."""
    values = [objective(matrix, weights, factors, regularisation)]
    while len(values) <= iterations:
        factors = step(matrix, weights, factors, regularisation)
        values.append(objective(matrix, weights, factors, regularisation))
        if values[-2] - values[-1] <= tolerance * values[-2]:
            break
    return factors, len(values) - 1


def chosen(data: np.ndarray, mask: np.ndarray, rank: int, fitting: Callable) -> tuple[float, Factors]:
    """Return the regularisation that predicts held-out ones of the entries in a mask best, and its factors."""
    fitted, held = split(mask)
    matrix, off = residual(data, fitted)
    factors, largest, least, best = truncated_svd(matrix, rank), np.linalg.norm(matrix, 2), np.inf, None
    for step in range(1, STEPS + 1):
        regularisation = largest / 2**step
        factors, _ = fitting(matrix, fitted.astype(float), factors, regularisation)
        error = error_at(held, data, compose(joined(off, factors)))
        if error >= least:
            break
        least, best = error, (regularisation, factors)
    return best


def check_determined(mask: np.ndarray, rank: int) -> None:
    """Raise Skipped where a row or a column has fewer entries than the rank, so that its factor is not unique."""
    for name, counts in (("row", mask.sum(axis=1)), ("column", mask.sum(axis=0))):
        if counts.min() < rank:
            raise Skipped(
                f"wlra needs the rank, {rank}, as entries of each row and column, and {name} {counts.argmin()} has "
                f"{counts.min()}: give a regularisation, or the algorithm `em`"
            )


def noise_weights(estimate: np.ndarray, noise: Noise) -> np.ndarray:
    """Return weights, of the shape of an estimate of the mean, inverse to the noise variance there, at most 1."""
    variance = noise.variance(estimate)
    floored = np.maximum(variance, variance.mean() / 10)
    return floored.min() / floored if variance.any() else np.ones_like(variance)


def objective(matrix: np.ndarray, weights: np.ndarray, factors: Factors, regularisation: float) -> float:
    """Return sum_ij W_ij (Y - A B^T)_ij^2 + regularisation (||A||_F^2 + ||B||_F^2) of an m x n matrix Y."""
    misfit = np.sum(weights * (matrix - compose(factors)) ** 2)
    return float(misfit + regularisation * sum(np.sum(factor**2) for factor in factors))


def expectation_maximisation(
    matrix: np.ndarray, weights: np.ndarray, factors: Factors, regularisation: float
) -> Factors:
    """Return factors, m x r and n x r, whose objective is no higher, for weights from 0 to 1."""
    fit = compose(factors)
    return swept(fit + weights * (matrix - fit), None, factors, regularisation)


def alternating_least_squares(
    matrix: np.ndarray, weights: np.ndarray, factors: Factors, regularisation: float
) -> Factors:
    """Return factors, m x r and n x r, whose objective is no higher.

    Without regularisation, r weights at least of each row and column are not zero.
    """
    return swept(matrix, weights, factors, regularisation)


def swept(matrix: np.ndarray, weights: np.ndarray | None, factors: Factors, regularisation: float) -> Factors:
    """Return factors of which first the left, then the right one was fitted with the other fixed."""
    _, right = factors
    if regularisation:
        left = regressed(matrix, weights, right, regularisation)
    else:
        left, _ = np.linalg.qr(regressed(matrix, weights, np.linalg.qr(right)[0], 0.0))
    right = regressed(matrix.T, None if weights is None else weights.T, left, regularisation)
    return balanced(left, right) if regularisation else (left, right)


def balanced(left: np.ndarray, right: np.ndarray) -> Factors:
    """Return those factors of a product whose squared norms have the least sum: A^T A = B^T B, diagonal."""
    (first, one), (second, other) = np.linalg.qr(left), np.linalg.qr(right)
    turned, values, back = np.linalg.svd(one @ other.T)
    return first @ (turned * np.sqrt(values)), second @ (back.T * np.sqrt(values))


def regressed(matrix: np.ndarray, weights: np.ndarray | None, factor: np.ndarray, regularisation: float) -> np.ndarray:
    """Return A, m x r, that minimises the objective of A F^T for an n x r factor F; no weights are weights of one."""
    rank = factor.shape[1]
    solution, ridge = np.empty((len(matrix), rank)), regularisation * np.eye(rank)
    if weights is None:
        return np.linalg.solve(factor.T @ factor + ridge, factor.T @ matrix.T).T
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
