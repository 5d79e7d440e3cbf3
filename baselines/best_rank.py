"""Minimises ||X - A B^T||_F for the clean signal X at the given rank: the limit of every method of that rank.

Of measurements, it is for those of coded exposure, where the rank is that of the unfolded video, and of single images;
for projections it is the rank of a CP tensor, to which the SVD is no limit.

Eckart and Young, The approximation of one matrix by another of lower rank, Psychometrika 1 (1936),
DOI 10.1007/BF02288367.
"""

import math

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Estimate, Problem, Skipped

LABEL = "SVD of the clean signal"
FAMILY = "control"
TASKS = {"denoise", "outliers", "recover"}
OPERATORS = {"coded_exposure", "scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu"}
CONTROL = True
SEES_TRUTH = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the truncated SVD of the clean signal, as factors of shapes H x W x rank and B x rank.

    Skipped where the rank, that of a CP tensor, exceeds what any matrix of the shape has.
    """
    *rows, columns = problem.observed.shape
    rank = rank_of("best_rank", problem)
    if rank > min(math.prod(rows), columns):
        raise Skipped(f"no matrix of {math.prod(rows)} x {columns} has the rank {rank}: there is no such limit")
    return Estimate(factors=truncated_svd(problem.observed, rank))
