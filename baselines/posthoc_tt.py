"""Approximates both matrices of a trained recurrent network in turn by singular value decompositions: tensor trains.

Oseledets, Tensor-train decomposition, SIAM Journal on Scientific Computing 33 (2011), DOI 10.1137/090752286, of the
tensor whose k-th mode pairs that of the columns with that of the rows, as in Tjandra, Sakti and Nakamura (2020),
arXiv:1802.10410, who train in the format. Rank: the largest, one for all inner ranks up to that of the unfolding, that
the budget allows. TensorLy decomposes.
"""

from itertools import pairwise
from math import prod

from tensorly.decomposition import tensor_train

from benchmark.algorithms.posthoc import Matrix, answer_of, largest_rank
from benchmark.contract import Estimate, Problem

LABEL = "TT-SVD, post hoc"
FAMILY = "tensor decomposition"
TASKS = {"posthoc"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the cores of each matrix."""
    matrices, rank = largest_rank(problem, numbers, lambda own: max(ranks_of(own, prod(own.pairs))))
    return answer_of([train_of(own, rank) for own in matrices])


def train_of(matrix: Matrix, rank: int) -> dict:
    """Return the cores (r_{k-1} x m_k x n_k x r_k) of a matrix."""
    tensor, d = matrix.tensor(), len(matrix.rows)
    paired = tensor.transpose([axis for k in range(d) for axis in (d + k, k)]).reshape(matrix.pairs)
    cores = tensor_train(paired, ranks_of(matrix, rank), svd="truncated_svd")
    modes = zip(cores, matrix.columns, matrix.rows, strict=True)
    return {f"cores.{k}": core.reshape(len(core), m, n, -1) for k, (core, m, n) in enumerate(modes)}


def ranks_of(matrix: Matrix, rank: int) -> list[int]:
    """Return the ranks of a train, of which no inner one is above `rank`, or above what the unfolding can have."""
    pairs = matrix.pairs
    return [1, *(min(rank, prod(pairs[:k]), prod(pairs[k:])) for k in range(1, len(pairs))), 1]


def numbers(matrix: Matrix, rank: int) -> int:
    """Return how many numbers the cores of a matrix store."""
    return sum(
        left * size * right for (left, right), size in zip(pairwise(ranks_of(matrix, rank)), matrix.pairs, strict=True)
    )
