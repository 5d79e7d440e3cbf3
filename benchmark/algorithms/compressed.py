"""Factors of a matrix from random sums of its rows: the sums, and what methods share that find sparse factors so."""

import logging
from collections.abc import Callable, Mapping

import numpy as np
import torch
from scipy import sparse
from scipy.optimize import linprog
from sklearn.decomposition import NMF

from benchmark.algorithms.logged import logged_warnings
from benchmark.algorithms.sparse_coding import fista, largest_eigenvalue
from benchmark.contract import Estimate, Problem
from deeptensor.operators import Operator

# Of the non-negative lasso: lambda over the least one for which all is zero, and iterations.
WEIGHT, STEPS = 1e-3, 500

log = logging.getLogger(__name__)


class RowSums(Operator):
    """The product P X (d, m) of a matrix X (n, m) and a matrix P of zeros and ones, `places` (n, p) of each column."""

    def __init__(self, places: np.ndarray, number: int, shape: tuple[int, int]):
        super().__init__(shape, (number, shape[1]))
        matrix = np.zeros((number, len(places)))
        matrix[places, np.arange(len(places))[:, None]] = 1
        self.register_buffer("matrix", torch.from_numpy(matrix))

    def _forward(self, X: torch.Tensor) -> torch.Tensor:
        return self.matrix.to(X.dtype) @ X

    def _adjoint(self, y: torch.Tensor) -> torch.Tensor:
        return self.matrix.to(y.dtype).T @ y


def sums_of(problem: Problem) -> tuple[sparse.csr_array, np.ndarray]:
    """Return P (d, n) and the sums (d, m) of a problem, whose noise may have made some negative: these are zero."""
    return sparse.csr_array(problem.operator.matrix.numpy()), np.maximum(problem.observed.astype(np.float64), 0)


def factors_of(left: np.ndarray, right: np.ndarray) -> Estimate:
    """Return the answer W (n, r) and H (m, r)."""
    return Estimate(parts={"W": left, "H": right})


def nonnegative_factors(matrix: np.ndarray, rank: int, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """Return W and H of the non-negative factorisation W H^T by coordinate descent, from the double SVD (scikit-learn).

    A rank above a side of the matrix starts from one random draw.
    """
    start = "nndsvd" if rank <= min(matrix.shape) else "random"
    model = NMF(n_components=rank, init=start, max_iter=iterations, random_state=0)
    with logged_warnings(log):
        left = model.fit_transform(matrix)
    return left, model.components_.T


def sparse_columns(projection: sparse.csr_array, sums: np.ndarray) -> np.ndarray:
    """Return W >= 0 (n, r), of each column of sums (d, r) the least 1-norm nearly that has them: a non-negative lasso.

    Minimises ||P w - s||^2 / 2 + lambda sum w, with lambda 1e-3 max |P^T s|, by `fista`, for all columns at once.
    """
    transposed = projection.T.tocsr()
    correlated = (transposed @ sums).T
    weights = WEIGHT * np.abs(correlated).max(axis=1)

    def gradient(columns: np.ndarray, own: np.ndarray) -> np.ndarray:
        return (transposed @ (projection @ columns.T)).T - correlated[own]

    lipschitz = largest_eigenvalue((projection @ transposed).toarray())
    return fista(gradient, lipschitz, weights, np.zeros_like(correlated), STEPS, nonnegative=True).T


def least_norm(projection: sparse.csr_array, sums: np.ndarray) -> np.ndarray:
    """Return the columns of least 2-norm that have the sums (d, r), their negative entries zero."""
    return np.maximum(np.linalg.pinv(projection.toarray()) @ sums, 0)


def least_sums(projection: sparse.csr_array, sums: np.ndarray) -> np.ndarray:
    """Return the columns of least 1-norm that have the sums (d, r), their negative entries zero.

    The sums are first projected onto those that some column can have.
    """
    possible = projection @ (np.linalg.pinv(projection.toarray()) @ sums)
    costs, halves = np.ones(2 * projection.shape[1]), sparse.hstack([projection, -projection])
    found = [linprog(costs, A_eq=halves, b_eq=column, method="highs").x for column in possible.T]
    positive, negative = np.split(np.column_stack(found), 2)
    return np.maximum(positive - negative, 0)


RECOVERIES: Mapping[str, Callable[[sparse.csr_array, np.ndarray], np.ndarray]] = {
    "linear_programme": least_sums,
    "lasso": sparse_columns,
    "least_norm": least_norm,
}
