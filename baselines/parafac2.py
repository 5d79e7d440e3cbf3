"""Minimises sum_k ||X_k - P_k B diag(a_k) C^T||_F^2 with P_k^T P_k = I: PARAFAC2 by alternating least squares.

X_k are the images of a stack, H x W. They share C, W x r, and B, r x r, and each has weights a_k and an orthonormal
P_k, H x r, of its own; so B_k = P_k B has the same B_k^T B_k in each. (The model was made for slices of unequal height;
the images of a stack have one height.)

Kiers, ten Berge and Bro, PARAFAC2 - Part I. A direct fitting algorithm for the PARAFAC2 model, Journal of Chemometrics
13 (1999), DOI 10.1002/(SICI)1099-128X(199905/08)13:3/4<275::AID-CEM543>3.0.CO;2-B; in the implementation of TensorLy.

The rank is the problem's, but no more than min(H, W), which is all that the model can have. Parameters are TensorLy's
defaults, with its line search, but for the start, by singular vectors as in the paper, and for the budget: 100
iterations in place of 2000, ended by a change of the relative error below 1e-6 in place of 1e-8.
"""

import logging
from collections.abc import Sequence

import numpy as np
from tensorly.decomposition import parafac2
from tensorly.parafac2_tensor import Parafac2Tensor, parafac2_to_slices

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.logged import logged_warnings
from benchmark.contract import Estimate, Problem, Skipped
from benchmark.stacks import as_stack

LABEL = "PARAFAC2"
FAMILY = "tensor decomposition"
TASKS = {"denoise"}
DEVICES = {"cpu"}

log = logging.getLogger(__name__)


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 100, tolerance: float = 1e-6) -> Estimate:
    """Return the fit, H x W x N, to a stack of at least two images."""
    stack = as_stack(problem.observed)
    height, width, images = stack.shape
    if images < 2:
        raise Skipped("PARAFAC2 decomposes a stack of at least 2 images, and this is a single one")
    slices = [np.ascontiguousarray(stack[..., k]) for k in range(images)]
    decomposition = decompose(slices, min(rank_of("parafac2", problem), height, width), iterations, tolerance)
    return Estimate(signal=np.stack(parafac2_to_slices(decomposition), axis=2))


def decompose(slices: Sequence[np.ndarray], rank: int, iterations: int, tolerance: float) -> Parafac2Tensor:
    """Return the PARAFAC2 decomposition of slices H_k x W, whose heights H_k may differ, in double precision.

    It holds the weights (ones), the factors A (K x rank, rows a_k), B (rank x rank), C (W x rank), and the list of P_k.
    Stops where the relative error changes by less than `tolerance`, which must be above 0. Raises ValueError for a rank
    that exceeds a side of a slice.
    """
    limit = min(min(one.shape) for one in slices)
    if not 1 <= rank <= limit:
        raise ValueError(f"rank {rank} for PARAFAC2 of slices with a side of {limit}: give 1 to {limit}")
    with logged_warnings(log):
        return parafac2(slices, rank, n_iter_max=iterations, init="svd", tol=tolerance, random_state=0)
