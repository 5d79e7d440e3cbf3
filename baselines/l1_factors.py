"""Minimises sum |W - U V| over U and V of rank K: a matrix of filters by the entries' magnitudes, not their squares.

|x| is taken for sqrt(x^2 + e^2), with e falling from the root mean square of W to a thousandth of it, and U and V solve
weighted least squares in turns, the weights 1 / sqrt(x^2 + e^2). Rows are filters. It stores what the singular value
decomposition does, from which it starts.

The l1-norm low-rank matrix decomposition by neural networks and mollifiers, IEEE TNNLS 27 (2016), of the lecture, which
prints no formula; our reading, with the reweighting of Daubechies, DeVore, Fornasier and Gunturk, Iteratively
reweighted least squares minimization for sparse recovery, Communications on Pure and Applied Mathematics 63 (2010), DOI
10.1002/cpa.20303.
"""

import numpy as np

from benchmark.algorithms.layers import Factored, Layer, chain, compressed, halves, rank_of_two
from benchmark.contract import Estimate, Problem

LABEL = "Factors of least l1 error, our reading"
FAMILY = "truncated SVD"
TASKS = {"compress"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 30, last: float = 1e-3) -> Estimate:
    """Return K x C x h x w and N x K x 1 x 1 for each layer; `last` is the final e, as a share of the first."""
    return compressed(problem, lambda layer: factorise(layer, iterations, last))


def factorise(layer: Layer, iterations: int, last: float) -> Factored:
    """Return the two stages of a layer."""
    outputs, *others = layer.sizes
    matrix = layer.kernel.reshape(outputs, -1)
    rank = rank_of_two(layer.budget, matrix.shape)
    left, right = halves(matrix, rank)
    for epsilon in np.sqrt(np.mean(matrix**2)) * np.geomspace(1, last, iterations):
        left = solved(matrix, right.T, epsilon, left @ right)
        right = solved(matrix.T, left, epsilon, (left @ right).T).T
    return chain(right.reshape(rank, *others), left[..., None, None])


def solved(matrix: np.ndarray, basis: np.ndarray, epsilon: float, before: np.ndarray) -> np.ndarray:
    """Return X (m x K) of the weighted least squares X B^T ~ Y, for Y (m x n), B (n x K), by the residuals before."""
    weights = 1 / np.sqrt((matrix - before) ** 2 + epsilon**2)
    systems = np.einsum("mn,nk,nl->mkl", weights, basis, basis, optimize=True)
    systems += 1e-10 * np.trace(systems, axis1=1, axis2=2)[:, None, None] * np.eye(basis.shape[1])
    return np.linalg.solve(systems, ((weights * matrix) @ basis)[..., None])[..., 0]
