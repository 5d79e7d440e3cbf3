"""What methods that complete matrices share: the observed entries, what rows and columns add, and held-out entries."""

import numpy as np

from benchmark.algorithms.held_out import hold_out
from benchmark.algorithms.quotients import quotient
from benchmark.contract import Factors, Problem, compose

# Of the observed entries, those held out to choose parameters by, and the ridge and sweeps of biases.
SHARE = 0.1
RIDGE, SWEEPS = 5.0, 10


def entries_of(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrix of a problem in double precision, and the mask of its entries that were observed."""
    return problem.observed.astype(np.float64), problem.granted["mask"]


def split(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return masks of the observed entries to fit to and of those held out, a tenth, the same ones every time."""
    held = np.zeros_like(mask)
    held[mask] = hold_out((np.count_nonzero(mask),), seed=0, share=SHARE)
    return mask & ~held, held


def biases(matrix: np.ndarray, mask: np.ndarray, ridge: float = RIDGE, sweeps: int = SWEEPS) -> Factors:
    """Minimise sum_mask (Y_ij - mu - b_i - c_j)^2 + ridge (|b|^2 + |c|^2) over b and c in turn, `sweeps` times.

    mu is the mean of the observed entries of an m x n matrix. Returns factors, m x 2 and n x 2, of mu + b_i + c_j; a
    row or column without an entry has the bias 0.
    """
    rows, columns = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    mean = matrix[mask].mean()
    residual, counts = np.where(mask, matrix - mean, 0), tuple(mask.sum(axis=axis) + float(ridge) for axis in (1, 0))
    for _ in range(sweeps):
        columns = quotient(residual.sum(axis=0) - rows @ mask, counts[1])
        rows = quotient(residual.sum(axis=1) - mask @ columns, counts[0])
    return np.column_stack([mean + rows, np.ones(len(rows))]), np.column_stack([np.ones(len(columns)), columns])


def offset(matrix: np.ndarray, mask: np.ndarray) -> Factors:
    """Return what is taken off a matrix before it is fitted: nothing, the mean, or biases, as factors of rank 2.

    That is the first which no later one beats at held-out entries by two standard errors: a matrix of low rank without
    a mean is no longer of that rank when one is taken off.
    """
    fitted, held = split(mask)
    nothing = np.zeros((matrix.shape[0], 2)), np.zeros((matrix.shape[1], 2))
    best, squares = None, matrix[held] ** 2
    for sweeps in (0, SWEEPS):
        others = (matrix - compose(biases(matrix, fitted, sweeps=sweeps)))[held] ** 2
        gain = squares - others
        if gain.mean() > 2 * gain.std() / np.sqrt(len(gain)):
            best, squares = sweeps, others
    return nothing if best is None else biases(matrix, mask, sweeps=best)


def residual(matrix: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, Factors]:
    """Return the entries in the mask less what `offset` takes off, zeros elsewhere, and that as factors."""
    off = offset(matrix, mask)
    return np.where(mask, matrix - compose(off), 0), off


def joined(*parts: Factors) -> Factors:
    """Return the factors of the sum of products, m x r and n x r, without components that are zero."""
    left, right = (np.hstack(sides) for sides in zip(*parts, strict=True))
    kept = left.any(axis=0) & right.any(axis=0)
    kept[0] |= not kept.any()  # the product of none is no factorisation
    return left[:, kept], right[:, kept]
