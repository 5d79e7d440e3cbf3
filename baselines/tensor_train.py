"""Approximates Y[i, j, k] by G_1[i] G_2[j] G_3[k], products of matrices: tensor train by two truncated SVDs (TT-SVD).

Oseledets, Tensor-train decomposition, SIAM Journal on Scientific Computing 33 (2011), DOI 10.1137/090752286; in the
implementation of TensorLy (arXiv 1610.09555).

Both ranks are the protocol's, or the largest that the axes allow: of the H x (W N) unfolding, and of what remains
unfolded to (r W) x N. A rank of at least H and N, as CP tensors have, cuts nothing, and the observation returns. Of a
matrix the answer is the truncated singular value decomposition.
"""

import numpy as np
from tensorly.decomposition import tensor_train
from tensorly.tt_tensor import tt_to_tensor

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Estimate, Problem

LABEL = "Tensor train"
FAMILY = "tensor decomposition"
TASKS = {"denoise"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the signal H x W x N, or of a matrix H x W the factors H x rank and W x rank."""
    rank = rank_of("tensor_train", problem)
    if problem.observed.ndim == 2:
        return Estimate(factors=truncated_svd(problem.observed, rank))
    Y = np.ascontiguousarray(problem.observed, dtype=np.float64)
    return Estimate(signal=tt_to_tensor(tensor_train(Y, [1, rank, rank, 1])))
