"""Minimises ||Y - A B^T||_F over the matrices A B^T of the given rank: truncated singular value decomposition.

Y is the observation, a cube unfolded to (height * width) x bands. It is not centred, as in the script of the
DeepTensor authors.

Eckart and Young, The approximation of one matrix by another of lower rank, Psychometrika 1 (1936),
DOI 10.1007/BF02288367.
"""

from benchmark.contract import Estimate, Problem
from benchmark.lowrank import truncated_svd

LABEL = "SVD"
TASKS = {"denoise"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the factors of the best approximation of the problem's rank, of shapes H x W x rank and B x rank."""
    return Estimate(factors=truncated_svd(problem.observed, problem.rank))
