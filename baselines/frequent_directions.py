"""Projects Y onto the leading right singular vectors of a sketch that sees each of its rows once: Frequent Directions.

X = Y V V^T, where V, B x rank, spans the leading right singular vectors of a sketch of `ratio` times rank rows. Rows of
the observation Y, a cube unfolded to (height * width) x bands, enter it in blocks of its own size, and after each the
squared singular values of the sketch and the block together are lowered by the one that would come last.

Ghashami, Liberty, Phillips and Woodruff, Frequent directions: simple and deterministic matrix sketching, SIAM Journal
on Computing 45 (2016), DOI 10.1137/15M1009718. The paper leaves the size of the sketch open; at twice the rank its
B^T B is at most ||Y - Y_rank||_F^2 / rank off Y^T Y in the spectral norm.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import fold, truncated_svd, unfold
from benchmark.contract import Estimate, Problem

LABEL = "Frequent Directions"
FAMILY = "truncated SVD"
TASKS = {"denoise"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, ratio: int = 2) -> Estimate:
    """Return factors of shapes H x W x rank and B x rank. Raises ValueError for a rank that the sketch cannot have."""
    matrix, rank = unfold(problem.observed), rank_of("frequent_directions", problem)
    _, right = truncated_svd(sketch(matrix, ratio * rank), rank)
    return Estimate(factors=fold(matrix @ right, right, problem.observed.shape))


def sketch(matrix: np.ndarray, size: int) -> np.ndarray:
    """Return B, of at most `size` rows, for an m x n matrix A.

    The eigenvalues of A^T A - B^T B are from 0 to ||A - A_k||_F^2 / (size - k) for any k < size, A_k the truncated SVD.
    """
    kept = np.empty((0, matrix.shape[1]))
    for start in range(0, len(matrix), size):
        rows = np.vstack([kept, matrix[start : start + size]])
        _, singular_values, right = np.linalg.svd(rows, full_matrices=False)
        last = singular_values[size - 1] if len(singular_values) >= size else 0.0
        kept = np.sqrt(singular_values[:size] ** 2 - last**2)[:, None] * right[:size]
    return kept
