"""Minimises ||X_(n) - U V^T||_F over matrices of the rank that is told of the unfolding X_(n): truncated SVD.

That is Tucker's model with one axis cut. X_(n) has the axis n of the tensor as rows, and all others as columns. Of the
unfoldings that one is taken whose model has the fewest numbers, as it lets the least noise through; or that of a given
axis, whose left factor then holds the scores of principal components, not centred. It knows nothing of the structure
that the columns have.

Eckart and Young, The approximation of one matrix by another of lower rank, Psychometrika 1 (1936),
DOI 10.1007/BF02288367.
"""

import numpy as np

from benchmark.algorithms.decomposed import decomposed, needs_all_entries
from benchmark.contract import Estimate, Problem

LABEL = "SVD of an unfolding"
FAMILY = "tensor decomposition"
TASKS = {"decompose"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, axis: int | None = None) -> Estimate:
    """Return the signal, and its left factor as A, B or C, by the axis, which counts from 0."""
    needs_all_entries("unfolded_svd", problem)
    observed, ranks = problem.observed.astype(np.float64), problem.granted["multilinear"].tolist()
    if axis is None:
        numbers = [rank * (size + observed.size // size) for rank, size in zip(ranks, observed.shape, strict=True)]
        axis = int(np.argmin(numbers))
    rows = np.moveaxis(observed, axis, 0)
    left, values, right = np.linalg.svd(rows.reshape(len(rows), -1), full_matrices=False)
    scores = left[:, : ranks[axis]] * values[: ranks[axis]]
    signal = np.moveaxis((scores @ right[: ranks[axis]]).reshape(rows.shape), 0, axis)
    return decomposed(np.ascontiguousarray(signal), **{"ABC"[axis]: scores})
