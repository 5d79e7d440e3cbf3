"""Minimises ||L||_* + lambda ||S||_1 subject to L + S = Y: principal component pursuit, or robust PCA.

Y, m x n, has an image of the stack in each column, or is the only image; lambda = 1 / sqrt(max(m, n)), as the theory
has it. The solver is the inexact augmented Lagrangian method.

Candès, Li, Ma and Wright, Robust principal component analysis?, Journal of the ACM 58 (2011),
DOI 10.1145/1970392.1970395; Lin, Chen and Ma, The augmented Lagrange multiplier method for exact recovery of corrupted
low-rank matrices, arXiv 1009.5055, with its mu = 1.25 / ||Y||_2, growing up to 1e7 times that.

Departure from the paper: mu grows by 1.1 an iteration, not by 1.5, which can end visibly beside the minimum.
"""

import numpy as np

from benchmark.algorithms.lowrank import unfold
from benchmark.algorithms.proximal import soft_threshold
from benchmark.contract import Estimate, Problem
from benchmark.stacks import as_stack

LABEL = "PCP"
FAMILY = "robust PCA"
TASKS = {"outliers"}
DEVICES = {"cpu"}

GROWTH, LARGEST_GROWTH = 1.1, 1e7


def solve(problem: Problem, *, seed: int, device: str, tolerance: float = 1e-7, iterations: int = 1000) -> Estimate:
    """Return the low-rank part, of the shape observed; `tolerance` is that of ||Y - L - S||_F / ||Y||_F."""
    stack = as_stack(problem.observed)
    Y = stack[..., 0] if stack.shape[2] == 1 else unfold(stack)
    tall = Y if len(Y) >= Y.shape[1] else Y.T
    low_rank, done = pursue(tall, tolerance, iterations)
    low_rank = low_rank if tall is Y else low_rank.T
    return Estimate(signal=low_rank.reshape(problem.observed.shape), iterations=done)


def pursue(Y: np.ndarray, tolerance: float, iterations: int) -> tuple[np.ndarray, int]:
    """Return the low-rank part of an m x n matrix, m >= n, and the number of iterations done."""
    weight = 1 / np.sqrt(max(Y.shape))
    norm, spectral = np.linalg.norm(Y), np.sqrt(np.linalg.eigvalsh(Y.T @ Y)[-1])
    if spectral == 0:
        return np.zeros_like(Y), 0
    multiplier = Y / max(spectral, np.abs(Y).max() / weight)
    penalty, largest = 1.25 / spectral, LARGEST_GROWTH * 1.25 / spectral
    sparse = np.zeros_like(Y)
    for iteration in range(1, iterations + 1):
        low_rank = singular_value_threshold(Y - sparse + multiplier / penalty, 1 / penalty)
        remainder = Y - low_rank
        sparse = soft_threshold(remainder + multiplier / penalty, weight / penalty)
        remainder -= sparse
        if np.linalg.norm(remainder) <= tolerance * norm:
            return low_rank, iteration
        multiplier += penalty * remainder
        penalty = min(GROWTH * penalty, largest)
    return low_rank, iterations


def singular_value_threshold(matrix: np.ndarray, threshold: float) -> np.ndarray:
    """Return a tall m x n matrix with its singular values soft-thresholded.

    They come from the n x n Gram matrix, which is far cheaper than the singular value decomposition, and known to 1e-8
    of the largest one. That is below the thresholds of this method.
    """
    squares, right = np.linalg.eigh(matrix.T @ matrix)
    kept = squares > threshold**2
    right = right[:, kept]
    return matrix @ ((right * (1 - threshold / np.sqrt(squares[kept]))) @ right.T)
