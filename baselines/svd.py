"""Minimises ||Y - A B^T||_F over the matrices A B^T of the given rank: truncated singular value decomposition.

Y is the observation, a cube unfolded to (height * width) x bands. It is not centred, as in the script of the
DeepTensor authors. A signal of rank r that was shifted, as min-max scaling does, has rank r + 1: `extra` adds to the
given rank. Of a matrix to complete, what was not observed is zero.

Eckart and Young, The approximation of one matrix by another of lower rank, Psychometrika 1 (1936),
DOI 10.1007/BF02288367.
"""

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Estimate, Problem

LABEL = "SVD"
FAMILY = "truncated SVD"
TASKS = {"denoise", "complete"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, extra: int = 0) -> Estimate:
    """Return the factors of the best approximation of rank + extra, of shapes H x W x (rank + extra) and B x the same.

    Raises ValueError for a rank that the unfolding cannot have.
    """
    return Estimate(factors=truncated_svd(problem.observed, rank_of("svd", problem) + extra))
