"""Minimises ||Y - V H^T||_F^2 over non-negative V and H for sums Y = P X of rows, then finds a sparse W with P W = V.

So X = W H^T is factorised as it was compressed, and only the r columns of W are recovered, not the m ones of X. A
column w is the one of least 1-norm that has the sums: exactly, by a `linear_programme`, whose negative entries are set
to zero; nearly, and not negative, by a `lasso`, which is faster; or, by `least_norm`, the one of least 2-norm, negative
entries set to zero, which is no sparse recovery.

Sharan, Tai, Bailis and Valiant, Compressed factorization: fast and accurate low-rank factorization of
compressively-sensed data, International Conference on Machine Learning (2019), arXiv 1706.08146.

The paper has the linear programme. The other two, and for V and H the 1000 iterations of coordinate descent from the
double SVD, where the paper has projected gradients, are ours.
"""

from typing import Literal

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.compressed import RECOVERIES, factors_of, nonnegative_factors, sums_of
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem

LABEL = "Compressed NMF"
FAMILY = "non-negative factorisation"
TASKS = {"sparse_factors"}
OPERATORS = {"sparse_projection"}
DEVICES = {"cpu"}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    recovery: Literal["linear_programme", "lasso", "least_norm"] = "linear_programme",
    iterations: int = 1000,
) -> Estimate:
    """Return W, n x r, and H, m x r."""
    check_choices(solve, recovery=recovery)
    rank = rank_of("compressed_nmf", problem)
    projection, sums = sums_of(problem)
    left, right = nonnegative_factors(sums, rank, iterations)
    return factors_of(RECOVERIES[recovery](projection, left), right)
