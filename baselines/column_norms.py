"""Minimises sum_i ||y_i - Phi_i x_i||^2 / 2 + lambda ||X|| for measurements of columns, in one of two convex norms.

As a semidefinite programme: ||X|| is the least tr(W_1) / 2 + w(W_2) / 2 for which [W_1 X; X^T W_2] is positive
semidefinite. For the `nuclear` norm w is the trace. For the `mixed` norm, the least ||U||_F max_i |v_i| over U V^T = X
times the root of m, w is m times the largest diagonal entry: columns are thought to be about equally long.

Solved by alternating directions with a scaled dual, over-relaxed: the x_i and the diagonal blocks in closed form, then
the projection onto positive semidefinite matrices.

Srinivasa, Lee, Junge and Romberg, Decentralized sketching of low rank matrices, Advances in Neural Information
Processing Systems 32 (2019). Fazel, Hindi and Boyd, A rank minimization heuristic with application to minimum order
system approximation, American Control Conference (2001), DOI 10.1109/ACC.2001.945730, for the nuclear norm.

Our reading, as only the abstract was to be had: the definition of the mixed norm, and the solver. Lambda and the
penalty of the alternating directions, both in units of the largest singular value of the matrix of columns
Phi_i^T y_i, and the number of iterations are ours.
"""

from typing import Literal

import numpy as np
from scipy.linalg import eigh

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.column_sketches import back, columns_of
from benchmark.contract import Estimate, Problem

LABEL = "Nuclear norm"
FAMILY = "singular-value shrinkage"
TASKS = {"columns"}
OPERATORS = {"per_column"}
DEVICES = {"cpu"}

RELAXATION = 1.7


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    norm: Literal["nuclear", "mixed"] = "nuclear",
    weight: float = 1e-4,
    penalty: float = 1e-3,
    iterations: int = 1000,
) -> Estimate:
    """Return X, n x m."""
    check_choices(solve, norm=norm)
    maps, observed = columns_of(problem)
    scale = np.linalg.norm(back(maps, observed), 2)
    found = minimised(maps, observed / scale, norm, weight, penalty, iterations)
    return Estimate(signal=scale * found, iterations=iterations)


def minimised(
    maps: np.ndarray, observed: np.ndarray, norm: str, weight: float, penalty: float, iterations: int
) -> np.ndarray:
    """Return X, n x m, after so many iterations for maps (m, L, n) and measurements (m, L)."""
    columns, numbers, rows = maps.shape
    size = rows + columns
    fitted = back(maps, observed)
    inner = np.linalg.inv(maps @ maps.swapaxes(1, 2) + 2 * penalty * np.eye(numbers))
    cone, dual = np.zeros((size, size)), np.zeros((size, size))
    diagonal = np.arange(rows), np.arange(rows, size)
    shift = weight / (2 * penalty)
    for _ in range(iterations):
        found = cone - dual
        # (Phi^T Phi + 2 rho I)^-1 by the smaller inverse of Phi Phi^T + 2 rho I.
        target = fitted + 2 * penalty * found[:rows, rows:]
        seen = np.matmul(maps, target.T[..., None])
        signal = (target - np.matmul(maps.swapaxes(1, 2), inner @ seen)[..., 0].T) / (2 * penalty)
        found[:rows, rows:], found[rows:, :rows] = signal, signal.T
        found[diagonal[0], diagonal[0]] -= shift
        own = found[diagonal[1], diagonal[1]]
        found[diagonal[1], diagonal[1]] = own - shift if norm == "nuclear" else capped(own, columns * shift)
        found += (RELAXATION - 1) * (found - cone)
        cone = positive_part(found + dual)
        dual += found - cone
    return cone[:rows, rows:]


def capped(values: np.ndarray, total: float) -> np.ndarray:
    """Return values (m,) cut off at the level above which they have `total`: the proximal map of total times max."""
    ordered = np.sort(values)[::-1]
    levels = (np.cumsum(ordered) - total) / np.arange(1, len(values) + 1)
    return np.minimum(values, levels[np.flatnonzero(ordered > levels)[-1]])


def positive_part(matrix: np.ndarray) -> np.ndarray:
    """Return the projection of a symmetric matrix onto the positive semidefinite ones."""
    values, vectors = eigh(matrix, subset_by_value=(0, np.inf), driver="evr")
    return (vectors * values) @ vectors.T
