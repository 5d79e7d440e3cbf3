"""Minimises sum_i ||y_i - Phi_i U v_i||^2 over an orthonormal U and the v_i in turn, for measurements of columns.

The start U spans the leading left singular vectors of the matrix of columns Phi_i^T y_i. In each iteration the v_i are
the least-squares solutions for U; then, by `altmin`, so is U for the v_i, by conjugate gradients, or, by `altgdmin`, U
moves along the negative gradient. An orthonormal factor of what comes out is the next U.

Nayer and Vaswani, Fast and sample-efficient federated low rank matrix recovery from column-wise linear and quadratic
projections, IEEE Transactions on Information Theory 69 (2023), arXiv 2102.10217; as simpler opponents of what is proved
in Srinivasa, Lee, Junge and Romberg, Decentralized sketching of low rank matrices, Advances in Neural Information
Processing Systems 32 (2019).

The step, 0.4 over ||V||_2^2, the 15 conjugate gradients, and the numbers of iterations, 60 and 300, are ours.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.column_sketches import back, columns_of, measured
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem

LABEL = "AltMin"
FAMILY = "alternating minimisation"
TASKS = {"columns"}
OPERATORS = {"per_column"}
DEVICES = {"cpu"}

STEP, GRADIENTS = 0.4, 15
ITERATIONS = {"altmin": 60, "altgdmin": 300}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    algorithm: Literal["altmin", "altgdmin"] = "altmin",
    iterations: int | None = None,
) -> Estimate:
    """Return the factors, n x r and m x r."""
    check_choices(solve, algorithm=algorithm)
    rank = rank_of("column_factors", problem)
    maps, observed = columns_of(problem)
    step = moved if algorithm == "altgdmin" else solved
    iterations = iterations or ITERATIONS[algorithm]
    left = np.linalg.svd(back(maps, observed), full_matrices=False)[0][:, :rank]
    for _ in range(iterations):
        right = coefficients(maps, observed, left)
        left, _ = np.linalg.qr(step(maps, observed, left, right))
    return Estimate(factors=(left, coefficients(maps, observed, left)), iterations=iterations)


def coefficients(maps: np.ndarray, observed: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return the least-squares v_i, m x r, for U, n x r."""
    return np.matmul(np.linalg.pinv(maps @ left), observed[..., None])[..., 0]


def moved(maps: np.ndarray, observed: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return U, n x r, after a step along the negative gradient."""
    gradient = back(maps, measured(maps, left @ right.T) - observed) @ right
    return left - STEP / np.linalg.norm(right, 2) ** 2 * gradient


def solved(maps: np.ndarray, observed: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return U, n x r, after conjugate gradients on the normal equations for V, m x r, from the last U."""
    residual = back(maps, observed - measured(maps, left @ right.T)) @ right
    direction, energy = residual, np.sum(residual**2)
    for _ in range(GRADIENTS):
        image = back(maps, measured(maps, direction @ right.T)) @ right
        # At the minimum nothing moves.
        length = energy / max(np.sum(direction * image), np.finfo(float).tiny)
        left, residual = left + length * direction, residual - length * image
        last, energy = energy, np.sum(residual**2)
        direction = residual + energy / max(last, np.finfo(float).tiny) * direction
    return left
