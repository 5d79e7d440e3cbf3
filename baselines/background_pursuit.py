"""Minimises ||L||_* + lambda ||S||_1 subject to L + S = Y: a background of low rank, and what moves is sparse.

As PCP, Y is a matrix with a frame in each column, lambda = 1 / sqrt(max(m, n)); as TRPCA, the video H x T x W with the
tensor nuclear norm along its last axis, lambda = 1 / sqrt(max(n1, n2) n3). Solvers, parameters and sources are those
of the methods `pcp` and `trpca`: Candès, Li, Ma and Wright 2011, DOI 10.1145/1970392.1970395; Lu et al. 2020,
DOI 10.1109/TPAMI.2019.2891760. Which axes a video has there, and which the table that is compared with, is not said:
`axes` are those of H x W x T in the order n1, n2, n3.
"""

from collections.abc import Sequence

import numpy as np

from benchmark.algorithms.lowrank import unfold
from benchmark.algorithms.motion import parts_of
from benchmark.algorithms.robust_pca import pursue_matrix, pursue_tensor
from benchmark.contract import Estimate, Problem

LABEL = "PCP"
FAMILY = "robust PCA"
TASKS = {"background"}
DEVICES = {"cpu"}

MATRIX, TENSOR = (1e-7, 1000), (1e-5, 500)  # tolerance and most iterations


def solve(
    problem: Problem, *, seed: int, device: str, tensor: bool = False, axes: Sequence[int] = (0, 2, 1)
) -> Estimate:
    """Return L as the background and |S| as the foreground."""
    if tensor:
        first, second, third = axes
        order = (third, first, second)
        low_rank, done = pursue_tensor(problem.observed.astype(np.float64).transpose(order), *TENSOR)
        low_rank = low_rank.transpose(np.argsort(order))
    else:
        low_rank, done = pursue_matrix(unfold(problem.observed), *MATRIX)
        low_rank = low_rank.reshape(problem.observed.shape)
    return parts_of(problem.observed, done, background=low_rank, foreground=np.abs(problem.observed - low_rank))
