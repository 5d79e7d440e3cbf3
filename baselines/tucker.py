"""Minimises ||Y - G x_1 A x_2 B x_3 C||_F over cores G of given ranks and orthonormal A, B, C: Tucker by HOOI.

De Lathauwer, De Moor and Vandewalle, On the best rank-1 and rank-(R1, R2, ..., RN) approximation of higher-order
tensors, SIAM Journal on Matrix Analysis and Applications 21 (2000), DOI 10.1137/S0895479898346995; in the
implementation of TensorLy (arXiv 1610.09555), from the truncated higher-order SVD.

The protocol names one rank, Tucker needs three. Where it truncates the last axis, they are 0.8 H, 0.8 W and that rank,
the choice of Wang et al. for hyperspectral cubes (DOI 10.1109/JSTARS.2017.2779539). Otherwise it is the rank of a CP
tensor: then they are in proportion to the axes, such that the model has about as many numbers as the CP tensor. Of a
matrix the answer is the truncated singular value decomposition.
"""

from math import ceil, prod

from tensorly.decomposition import tucker
from tensorly.tucker_tensor import tucker_to_tensor, validate_tucker_rank

from benchmark.algorithms.decomposed import decomposed, whole_tensor
from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Estimate, Problem

LABEL = "Tucker"
FAMILY = "tensor decomposition"
TASKS = {"decompose", "denoise", "outliers"}
DEVICES = {"cpu"}

SPATIAL_SHARE = 0.8


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 100, tolerance: float = 1e-6) -> Estimate:
    """Return the signal H x W x N; the iteration ends when the relative error changes by less than `tolerance`.

    Without iterations it is the truncated higher-order SVD. The task `decompose`, which tells the ranks of the
    unfoldings, also gets the factors.
    """
    rank = rank_of("tucker", problem)
    if problem.observed.ndim == 2:
        return Estimate(factors=truncated_svd(problem.observed, rank))
    Y, told = whole_tensor("tucker", problem), problem.granted.get("multilinear")
    ranks = multilinear_ranks(Y.shape, rank) if told is None else told.tolist()
    fit = tucker(Y, ranks, init="svd", n_iter_max=iterations, tol=tolerance)
    signal = tucker_to_tensor(fit)
    return Estimate(signal=signal) if told is None else decomposed(signal, **dict(zip("ABC", fit[1], strict=True)))


def multilinear_ranks(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Return the ranks of the core for a stack of the given shape under the protocol's rank."""
    height, width, images = shape
    if rank < images:
        ranks = (ceil(SPATIAL_SHARE * height), ceil(SPATIAL_SHARE * width), rank)
    else:
        ranks = tuple(map(min, validate_tucker_rank(shape, rank * sum(shape) / prod(shape)), shape))
    # No rank of a core exceeds the product of the others.
    return tuple(min(own, prod(ranks) // own) for own in ranks)
