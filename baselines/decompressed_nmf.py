"""Finds each column of X from sums of its entries, as a sparse non-negative one, then the factors W H^T of X by NMF.

The order that compressed factorisation turns around: m sparse recoveries in place of r, of columns that are up to r
times less sparse.

Donoho, Compressed sensing, IEEE Transactions on Information Theory 52 (2006), DOI 10.1109/TIT.2006.871582. Sharan, Tai,
Bailis and Valiant, Compressed factorization: fast and accurate low-rank factorization of compressively-sensed data,
International Conference on Machine Learning (2019), arXiv 1706.08146, as their opponent.

Recoveries and factorisation are those of `compressed_nmf`. The lasso is the default, as linear programmes for many
columns take long.
"""

from typing import Literal

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.compressed import RECOVERIES, factors_of, nonnegative_factors, sums_of
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem

LABEL = "Decompress, then NMF"
FAMILY = "non-negative factorisation"
TASKS = {"sparse_factors"}
OPERATORS = {"sparse_projection"}
DEVICES = {"cpu"}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    recovery: Literal["linear_programme", "lasso", "least_norm"] = "lasso",
    iterations: int = 1000,
) -> Estimate:
    """Return W, n x r, and H, m x r."""
    check_choices(solve, recovery=recovery)
    rank = rank_of("decompressed_nmf", problem)
    return factors_of(*nonnegative_factors(RECOVERIES[recovery](*sums_of(problem)), rank, iterations))
