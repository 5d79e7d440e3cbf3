"""Minimises ||W - U V||_F over matrices U (m x r) and V (r x n) for both matrices of a trained recurrent network.

Eckart and Young, The approximation of one matrix by another of lower rank, Psychometrika 1 (1936), DOI
10.1007/BF02288367, with the singular values in halves between the two, as Denton et al. (2014), arXiv:1404.0736, do for
dense layers. Rank: the largest, one for both, that the budget allows.
"""

from benchmark.algorithms.layers import halves
from benchmark.algorithms.posthoc import answer_of, product_rank
from benchmark.contract import Estimate, Problem

LABEL = "SVD, post hoc"
FAMILY = "truncated SVD"
TASKS = {"posthoc"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return two factors of each matrix."""
    matrices, rank = product_rank(problem)
    return answer_of([dict(zip(("left", "right"), halves(own.values, rank), strict=True)) for own in matrices])
