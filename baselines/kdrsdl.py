"""Separates a stack of images into a low-rank part of Kronecker structure, A R_n B^T for each image, and outliers.

Minimises (||A||_F^2 + ||B||_F^2) / 2 + alpha sum_n ||R_n||_1 + lambda sum_n ||E_n||_1 subject to X_n = A R_n B^T + E_n,
by the alternating direction method of multipliers with a copy K_n of R_n: robust Kronecker-decomposable component
analysis (KDRSDL), for images X_n of n x m pixels, n = 1..N.

Bahri, Panagakis and Zafeiriou, Robust Kronecker-decomposable component analysis for low-rank modeling, ICCV 2017,
arXiv 1703.07886. Parameters as published with it: rank min(n, m), lambda = 1 / sqrt(N max(n, m)), alpha = 0.01,
penalties that grow by 1.2 an iteration, a tolerance of 1e-7 and 150 iterations at most.

With `tuned`, rank, lambda and alpha are those with the smallest error at intact entries that were made outliers for
the choice (see `benchmark.algorithms.salt_and_pepper`): first the best pair of a rank, the published one or 64, 32 or
16, and a lambda, 1, 1/2 or 1/4 of the published one; then alpha, 0.01 or 0.1. Of a large stack it looks at evenly
spaced images with half a million pixels in all, and divides the terms of A and B by the number of images that stand for
each.

Departures from the paper: the signs of singular vectors, which are arbitrary and of which the first A and B are means,
are fixed; and the Stein equation of each step is solved in eigenvectors of A^T A and B^T B, for all images at once.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from benchmark.algorithms.held_out import best_setting
from benchmark.algorithms.proximal import soft_threshold
from benchmark.algorithms.salt_and_pepper import with_hidden_entries
from benchmark.contract import Estimate, Problem
from benchmark.stacks import as_stack

LABEL = "KDRSDL"
FAMILY = "robust PCA"
TASKS = {"outliers"}
DEVICES = {"cpu"}

GROWTH = 1.2
RANKS, SHARES, ALPHAS = (64, 32, 16), (1.0, 0.5, 0.25), (1e-2, 1e-1)
PIXELS_TO_TUNE_ON = 2**19


class Parts(NamedTuple):
    """Factors A (n x r) and B (m x r), cores R and their sparse copies K (N x r x r), outliers E (N x n x m)."""

    A: np.ndarray
    B: np.ndarray
    R: np.ndarray
    K: np.ndarray
    E: np.ndarray


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    tuned: bool = False,
    rank: int | None = None,
    weight_share: float = 1.0,
    alpha: float = 1e-2,
    tolerance: float = 1e-7,
    iterations: int = 150,
) -> Estimate:
    """Return the low-rank part A K_n B^T, of the shape observed; `weight_share` is lambda's share of the published one.

    `tuned` takes the place of `rank`, `weight_share` and `alpha`.
    """
    stack = as_stack(problem.observed)
    largest = min(stack.shape[:2])
    if rank is not None and not 1 <= rank <= largest:
        raise ValueError(f"rank {rank} for images of {stack.shape[0]} x {stack.shape[1]} pixels: give 1 to {largest}")
    settings = (rank or largest, weight_share, alpha)
    if tuned:
        settings = best_settings(stack, tolerance, iterations)
    parts, done = decompose(np.moveaxis(stack, 2, 0), *settings, tolerance=tolerance, iterations=iterations)
    return Estimate(signal=low_rank_part(parts).reshape(problem.observed.shape), iterations=done)


def best_settings(stack: np.ndarray, tolerance: float, iterations: int) -> tuple[int, float, float]:
    """Return rank, share of lambda, and alpha for a stack H x W x N, chosen at intact entries made outliers."""
    height, width, number = stack.shape
    few = min(number, max(1, PIXELS_TO_TUNE_ON // (height * width)))
    some = stack[..., np.linspace(0, number - 1, few).round().astype(int)]
    harder, hidden = with_hidden_entries(some)
    X = np.moveaxis(harder, 2, 0)

    def predict(settings: tuple[int, float, float]) -> np.ndarray:
        parts, _ = decompose(X, *settings, stands_for=number / few, tolerance=tolerance, iterations=iterations)
        return low_rank_part(parts)

    largest = min(height, width)
    ranks = [largest, *(rank for rank in RANKS if rank < largest)]
    pairs = [(*pair, ALPHAS[0]) for pair in product(ranks, SHARES)]
    rank, share, _ = best_setting(pairs, predict, some, hidden)
    return best_setting([(rank, share, alpha) for alpha in ALPHAS], predict, some, hidden)


def decompose(
    X: np.ndarray,
    rank: int,
    weight_share: float,
    alpha: float,
    *,
    stands_for: float = 1.0,
    tolerance: float = 1e-7,
    iterations: int = 150,
) -> tuple[Parts, int]:
    """Return the parts of N images, N x n x m, and the number of iterations done.

    Each image may stand for several of a larger stack, whose lambda and balance of terms then hold.
    """
    weight = weight_share / np.sqrt(stands_for * len(X) * max(X.shape[1:]))
    A, B, R = initial(X, rank)
    K, E, L = R, np.zeros_like(X), A @ R @ B.T
    Y, Y_core, ridge = np.zeros_like(X), np.zeros_like(R), np.eye(rank) / stands_for
    penalty, penalty_core = 1.25 / norms(X).mean(), 1.25 / norms(R).mean()
    for iteration in range(1, iterations + 1):
        E = soft_threshold(X - L + Y / penalty, weight / penalty)
        clean = X - E
        S = penalty * clean + Y
        A = right_divide(summed(S @ B, R), ridge + penalty * summed(R @ (B.T @ B), R))
        AtS, Rt = A.T @ S, R.swapaxes(1, 2)
        B = right_divide(summed(AtS.swapaxes(1, 2), Rt), ridge + penalty * summed(Rt @ (A.T @ A), Rt))
        C = (AtS @ B + Y_core) / penalty_core + K
        R = stein(A.T @ A, B.T @ B, penalty / penalty_core, C)
        K = soft_threshold(R - Y_core / penalty_core, alpha / penalty_core)
        L = A @ R @ B.T
        Y += penalty * (clean - L)
        Y_core += penalty_core * (K - R)
        penalty, penalty_core = GROWTH * penalty, GROWTH * penalty_core
        # The second residual takes two large products more, and matters only when the first is small.
        if relative(K - R, K) < tolerance and relative(clean - A @ K @ B.T, X) < tolerance:
            return Parts(A, B, R, K, E), iteration
    return Parts(A, B, R, K, E), iterations


def low_rank_part(parts: Parts) -> np.ndarray:
    """Return A K_n B^T as a stack H x W x N."""
    return np.moveaxis(parts.A @ parts.K @ parts.B.T, 0, 2)


def initial(X: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the means of the left and right singular vectors of the images, and their singular values in diagonals."""
    left, singular_values, right = np.linalg.svd(X, full_matrices=False)
    left, right = left[..., :rank], right[:, :rank].swapaxes(1, 2)
    # The entry of largest magnitude of each left vector is made positive.
    largest = np.take_along_axis(left, np.abs(left).argmax(axis=1, keepdims=True), axis=1)
    signs = np.where(largest < 0, -1.0, 1.0)
    return (left * signs).mean(axis=0), (right * signs).mean(axis=0), singular_values[:, :rank, None] * np.eye(rank)


def stein(left: np.ndarray, right: np.ndarray, ratio: float, C: np.ndarray) -> np.ndarray:
    """Return the solutions R_n of R_n + ratio * left R_n right = C_n, left and right positive semi-definite (r x r)."""
    a, P = np.linalg.eigh(left)
    b, Q = np.linalg.eigh(right)
    return P @ ((P.T @ C @ Q) / (1 + ratio * np.outer(a, b))) @ Q.T


def norms(stack: np.ndarray) -> np.ndarray:
    """Return the Frobenius norms (N,) of N matrices, none below the smallest normal number."""
    return np.maximum(np.linalg.norm(stack, axis=(1, 2)), np.finfo(np.float64).tiny)


def relative(residual: np.ndarray, stack: np.ndarray) -> float:
    """Return the largest ratio of the norms of N residuals to those of N matrices."""
    return float(np.max(norms(residual) / norms(stack)))


def summed(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the sum over n of left_n right_n^T, for stacks N x p x r and N x q x r."""
    return np.tensordot(left, right, axes=([0, 2], [0, 2]))


def right_divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Return numerator times the inverse of a symmetric denominator."""
    return np.linalg.solve(denominator, numerator.T).T
