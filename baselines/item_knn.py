"""Predicts an entry by the entries of its row in the columns that are most alike: item-based nearest neighbours.

What biases leave is averaged, weighted by similarity, over the `neighbours` columns of greatest positive similarity
that the row has. The similarity of two columns is the correlation of what biases leave in the n rows that have both,
shrunk by (n - 1) / (n - 1 + `shrinkage`). Where there is no such column, biases stand alone.

Koren, Factor in the neighbors: scalable and accurate collaborative filtering, ACM Transactions on Knowledge Discovery
from Data 4 (2010), DOI 10.1145/1644873.1644874, of which the similarity and the biases are; the defaults are those of
the library Surprise.
"""

import numpy as np

from benchmark.algorithms.completion import biases, entries_of
from benchmark.algorithms.quotients import quotient
from benchmark.contract import Estimate, Problem, compose

LABEL = "Item nearest neighbours"
FAMILY = "nearest neighbours"
TASKS = {"complete"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, neighbours: int = 40, shrinkage: float = 100.0) -> Estimate:
    """Return the matrix."""
    matrix, mask = entries_of(problem)
    fit = compose(biases(matrix, mask))
    residual = np.where(mask, matrix - fit, 0)
    alike = np.maximum(similarities(residual, mask, shrinkage), 0)
    for row, values, has in zip(fit, residual, mask, strict=True):
        known = np.flatnonzero(has)
        weights = alike[:, known]
        if len(known) > neighbours:
            least = np.partition(weights, -neighbours, axis=1)[:, [-neighbours]]
            weights = np.where(weights >= least, weights, 0)
        row += quotient(weights @ values[known], weights.sum(axis=1))
    return Estimate(signal=fit)


def similarities(residual: np.ndarray, mask: np.ndarray, shrinkage: float) -> np.ndarray:
    """Return the shrunk correlations, n x n, of the columns of an m x n residual, zero out of its mask."""
    present = mask.astype(float)
    squares = (residual**2).T @ present  # of each column, over the rows that have the other, too
    correlations = quotient(residual.T @ residual, np.sqrt(squares * squares.T))
    both = np.maximum(present.T @ present - 1, 0)
    return correlations * quotient(both, both + shrinkage)
