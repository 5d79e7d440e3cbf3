"""Sketches of a stream of rows: a few rows B that stand for all of them, A, and what methods that make them share."""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from benchmark.contract import Estimate, Problem, Skipped

# From some rows and a number to at most so many rows.
Shrinkage = Callable[[np.ndarray, int], np.ndarray]


def rows_of(problem: Problem) -> np.ndarray:
    """Return the stream of a problem, n x d in double precision: a matrix is a stream of its rows.

    That of a stack h x w x N are the columns of its matrices, w N x h, so that a sketch of it can be applied to the
    columns of others. Each matrix is first divided by its largest singular value, for all to weigh the same.
    """
    if problem.observed.ndim == 2:
        return problem.observed.astype(np.float64)
    return np.vstack([matrix.T for matrix in matrices_of(problem)])


def matrices_of(problem: Problem) -> np.ndarray:
    """Return the matrices of a stack h x w x N, each over its largest singular value, N x h x w in double precision."""
    matrices = np.moveaxis(problem.observed, 2, 0).astype(np.float64)
    return matrices / np.linalg.norm(matrices, 2, axis=(1, 2), keepdims=True)


def size_of(method: str, problem: Problem) -> int:
    """Return how many rows the sketch may have; raises Skipped, in the name of the method, where none is told.

    Raises ValueError for fewer rows than the rank that is told, or for as many as need no sketch.
    """
    if problem.budget is None:
        raise Skipped(f"{method} needs the size of the sketch, and this problem tells no budget")
    most = min(problem.observed.shape[:2]) if problem.observed.ndim == 2 else len(problem.observed)
    least = problem.rank or 1
    if not least <= problem.budget <= most:
        raise ValueError(f"a sketch of {problem.budget} rows for the rank {least}: give a budget of {least} to {most}")
    return problem.budget


def answer_of(rows: np.ndarray, size: int, kept: int) -> Estimate:
    """Return the answer of at most `size` rows, filled up with zeros; `kept` numbers were kept at a time."""
    sketched = np.zeros((size, rows.shape[1]))
    sketched[: len(rows)] = rows
    return Estimate(parts={"sketch": sketched, "kept": np.array(float(kept))})


def sketch(matrix: np.ndarray, size: int, shrink: Shrinkage | None = None) -> np.ndarray:
    """Return B, of at most `size` rows, for an m x n matrix A that enters in blocks of `size` rows.

    By Frequent Directions, whose shrinkage is `lowered`, the eigenvalues of A^T A - B^T B are from 0 to
    ||A - A_k||_F^2 / (size - k) for any k < size, A_k the truncated SVD.
    """
    shrink = shrink or lowered
    kept = np.empty((0, matrix.shape[1]))
    for start in range(0, len(matrix), size):
        kept = shrink(np.vstack([kept, matrix[start : start + size]]), size)
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
    squares = singular_values[:size] ** 2
    last = squares[-1] if len(squares) == size else 0.0
    return np.sqrt(squares - last)[:, None] * right[:size]


def truncated(rows: np.ndarray, size: int) -> np.ndarray:
    """Return at most `size` rows, along the first singular vectors of some, scaled by their singular values."""
    _, singular_values, right = np.linalg.svd(rows, full_matrices=False)
    return singular_values[:size, None] * right[:size]
