"""Projects Y onto the leading right singular vectors of a sketch that sees each of its rows once: Frequent Directions.

X = Y V V^T, where V, B x rank, spans the leading right singular vectors of a sketch of `ratio` times rank rows. Rows of
the observation Y, a cube unfolded to (height * width) x bands, enter it in blocks of its own size, and after each the
squared singular values of the sketch and the block together are lowered by the one that would come last.

With `blocks` it is SpFD: Y is cut into so many blocks, and each enters as a sparse embedding, in which every row of it
is added with a random sign to one of as many rows as the sketch has. So there is one decomposition a block, not one for
as many rows as the sketch has. What comes out spans nearly as good a subspace, but B^T B obeys no bound any more.

Ghashami, Liberty, Phillips and Woodruff, Frequent directions: simple and deterministic matrix sketching, SIAM Journal
on Computing 45 (2016), DOI 10.1137/15M1009718. The paper leaves the size of the sketch open; at twice the rank its
B^T B is at most ||Y - Y_rank||_F^2 / rank off Y^T Y in the spectral norm. Teng and Chu, A fast frequent directions
algorithm for low rank approximation, IEEE Transactions on Pattern Analysis and Machine Intelligence 41 (2019),
DOI 10.1109/TPAMI.2018.2839198, for SpFD.
"""

import numpy as np
from scipy import sparse

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import fold, truncated_svd, unfold
from benchmark.contract import Estimate, Problem

LABEL = "Frequent Directions"
FAMILY = "truncated SVD"
TASKS = {"denoise"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, ratio: int = 2, blocks: int | None = None) -> Estimate:
    """Return factors of shapes H x W x rank and B x rank. Raises ValueError for a rank that the sketch cannot have."""
    matrix, rank = unfold(problem.observed), rank_of("frequent_directions", problem)
    rng = np.random.default_rng(seed)
    small = sketch(matrix, ratio * rank) if blocks is None else embedded_sketch(matrix, ratio * rank, blocks, rng)
    _, right = truncated_svd(small, rank)
    return Estimate(factors=fold(matrix @ right, right, problem.observed.shape))


def sketch(matrix: np.ndarray, size: int) -> np.ndarray:
    """Return B, of at most `size` rows, for an m x n matrix A.

    The eigenvalues of A^T A - B^T B are from 0 to ||A - A_k||_F^2 / (size - k) for any k < size, A_k the truncated SVD.
    """
    kept = np.empty((0, matrix.shape[1]))
    for start in range(0, len(matrix), size):
        kept = lowered(np.vstack([kept, matrix[start : start + size]]), size)
    return kept


def embedded_sketch(matrix: np.ndarray, size: int, blocks: int, rng: np.random.Generator) -> np.ndarray:
    """Return B, of at most `size` rows, of an m x n matrix whose blocks enter by a sparse embedding."""
    kept = np.empty((0, matrix.shape[1]))
    for block in np.array_split(matrix, min(blocks, len(matrix))):
        kept = lowered(np.vstack([kept, sparse_embedding(len(block), size, rng) @ block]), size)
    return kept


def sparse_embedding(rows: int, size: int, rng: np.random.Generator) -> sparse.csr_array:
    """Return a matrix of size x rows with one entry, -1 or 1, in each column, in a random row."""
    places = rng.integers(size, size=rows), np.arange(rows)
    return sparse.csr_array((rng.choice([-1.0, 1.0], rows), places), shape=(size, rows))


def lowered(rows: np.ndarray, size: int) -> np.ndarray:
    """Return at most `size` rows, along the singular vectors of some, squared singular values lowered by the last."""
    _, singular_values, right = np.linalg.svd(rows, full_matrices=False)
    last = singular_values[size - 1] if len(singular_values) >= size else 0.0
    return np.sqrt(singular_values[:size] ** 2 - last**2)[:, None] * right[:size]
