"""Codes of many signals in the rows of one matrix, each its own convex problem, solved side by side.

Signals are the rows of Y, q x p, codes those of X, q x n, and atoms those of A, n x p. A problem that has converged
rests while others go on, so that no code depends on which other signals there are.
"""

from collections.abc import Callable

import numpy as np

from benchmark.algorithms.proximal import soft_threshold
from benchmark.algorithms.quotients import quotient

# From codes and the indices of the signals that they are of to what a step needs of these.
Of = Callable[[np.ndarray, np.ndarray], np.ndarray]


def lasso(
    gram: np.ndarray,
    correlations: np.ndarray,
    penalty: np.ndarray | float,
    start: np.ndarray,
    iterations: int,
    tolerance: float = 0.0,
) -> np.ndarray:
    """Minimise 1/2 ||y - A^T x||^2 + penalty ||x||_1, of `gram` A A^T, n x n, and `correlations` Y A^T, q x n.

    `penalty` is a number or one a signal, (q,).
    """
    return fista(
        lambda codes, own: codes @ gram - correlations[own],
        largest_eigenvalue(gram),
        penalty,
        start,
        iterations,
        tolerance,
    )


def weighted_lasso(
    atoms: np.ndarray,
    signals: np.ndarray,
    weights: np.ndarray,
    penalty: float,
    start: np.ndarray,
    iterations: int,
    tolerance: float = 0.0,
    *,
    lipschitz: float,
    nonnegative: bool = False,
) -> np.ndarray:
    """Minimise 1/2 sum_i w_i (y - A^T x)_i^2 + penalty ||x||_1, for x >= 0 if `nonnegative`.

    The `weights`, q x p, are from 0 to 1; `lipschitz` is the largest eigenvalue of A A^T.
    """

    def gradient(codes: np.ndarray, own: np.ndarray) -> np.ndarray:
        return (weights[own] * (codes @ atoms - signals[own])) @ atoms.T

    return fista(gradient, lipschitz, penalty, start, iterations, tolerance, nonnegative=nonnegative)


def fista(
    gradient: Of,
    lipschitz: float,
    penalty: np.ndarray | float,
    start: np.ndarray,
    iterations: int,
    tolerance: float = 0.0,
    *,
    nonnegative: bool = False,
) -> np.ndarray:
    """Minimise f(x) + penalty ||x||_1 by the accelerated proximal gradient method, from `start`, q x n.

    Each ends after `iterations`, or when it changes by at most `tolerance` times its norm. Beck and Teboulle 2009,
    DOI 10.1137/080716542.
    """
    codes, momentum = start.copy(), 1.0
    own = np.arange(len(codes))
    last, ahead = codes, codes
    threshold = np.broadcast_to(np.asarray(penalty, codes.dtype), len(codes))[:, None] / codes.dtype.type(lipschitz)
    for _ in range(iterations):
        moved = ahead - gradient(ahead, own) / codes.dtype.type(lipschitz)
        new = np.maximum(moved - threshold[own], 0) if nonnegative else soft_threshold(moved, threshold[own])
        change = new - last
        codes[own] = new
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        going = np.linalg.norm(change, axis=1) > tolerance * np.linalg.norm(new, axis=1)
        if not going.any():
            break
        own, last = own[going], new[going]
        ahead = last + codes.dtype.type((momentum - 1) / following) * change[going]
        momentum = following
    return codes


def weighted_ridge(
    atoms: np.ndarray, signals: np.ndarray, weights: np.ndarray, penalty: float, start: np.ndarray, iterations: int
) -> np.ndarray:
    """Minimise sum_i w_i (y - A^T x)_i^2 + penalty ||x||^2 by conjugate gradients from `start`, weights q x p."""
    codes = start.copy()

    def normal(directions: np.ndarray) -> np.ndarray:
        return (weights * (directions @ atoms)) @ atoms.T + codes.dtype.type(penalty) * directions

    residual = (weights * signals) @ atoms.T - normal(codes)
    direction, squares = residual, np.sum(residual**2, axis=1, keepdims=True)
    for _ in range(iterations):
        image = normal(direction)
        step = quotient(squares, np.sum(direction * image, axis=1, keepdims=True))
        codes += step * direction
        residual = residual - step * image
        new = np.sum(residual**2, axis=1, keepdims=True)
        direction, squares = residual + quotient(new, squares) * direction, new
    return codes


def reweighted(
    atoms: np.ndarray,
    signals: np.ndarray,
    weigh: Callable[[np.ndarray], np.ndarray],
    code: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    start: np.ndarray,
    iterations: int,
    settled: Callable[[tuple, tuple], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return codes (q x n) and weights (q x p) that fit each other: half-quadratic minimisation of a robust loss.

    In turns `weigh` makes weights of errors y - A^T x, and `code` codes of signals, weights and the last codes. A
    signal ends after `iterations`, or when it is `settled`: a function of the last codes and weights and the new ones.
    """
    codes, weights = start.copy(), np.ones_like(signals)
    own = np.arange(len(codes))
    for _ in range(iterations):
        last = codes[own], weights[own]
        errors = signals[own] - last[0] @ atoms
        new = weigh(errors)
        weights[own], codes[own] = new, code(signals[own], new, last[0])
        own = own[~settled(last, (codes[own], new))]
        if not len(own):
            break
    return codes, weights


def relative_change(last: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return ||new - last|| / ||last|| of each row, infinite for a new row where there was none."""
    change, norm = np.linalg.norm(new - last, axis=1), np.linalg.norm(last, axis=1)
    return np.divide(change, norm, out=np.where(change > 0, np.inf, 0), where=norm > 0)


def largest_eigenvalue(gram: np.ndarray) -> float:
    """Return the largest eigenvalue of a symmetric matrix."""
    return float(np.linalg.eigvalsh(gram)[-1])
