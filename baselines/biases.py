"""Completes a matrix by what its rows and columns add: X_ij = mu + b_i + c_j, the biases of recommender systems.

mu is the mean of the observed entries. Biases minimise the squared error at the observed entries and `ridge` times
their own squares, rows and columns in turn; a row or column without an entry has none. With `terms` "columns" the
answer is mu + c_j, without ridge the mean of each column, such as a film; with "mean" it is mu.

Koren, Bell and Volinsky, Matrix factorization techniques for recommender systems, Computer 42 (2009),
DOI 10.1109/MC.2009.263.
"""

from typing import Literal

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.completion import biases, entries_of
from benchmark.contract import Estimate, Problem

LABEL = "Biases"
FAMILY = "control"
TASKS = {"complete"}
DEVICES = {"cpu"}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    terms: Literal["mean", "columns", "both"] = "both",
    ridge: float = 5.0,
    sweeps: int = 10,
) -> Estimate:
    """Return factors of rank 2."""
    check_choices(solve, terms=terms)
    matrix, mask = entries_of(problem)
    if terms == "both":
        return Estimate(factors=biases(matrix, mask, ridge, sweeps))
    left, right = biases(matrix, mask, ridge, sweeps=1)
    if terms == "mean":
        right[:, 1] = 0
    left[:, 0] = matrix[mask].mean()
    return Estimate(factors=(left, right))
