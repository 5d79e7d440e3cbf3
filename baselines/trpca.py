"""Minimises ||L||_* + lambda ||S||_1 subject to L + S = Y in the tensor nuclear norm: tensor robust PCA by the t-SVD.

||L||_* is the mean over the n3 Fourier coefficients along the third axis of the nuclear norms of their n1 x n2 slices;
lambda = 1 / sqrt(max(n1, n2) n3), as the theory has it. The solver is the alternating direction method of multipliers.

Lu et al., Tensor robust principal component analysis with a new tensor nuclear norm, IEEE Transactions on Pattern
Analysis and Machine Intelligence 42 (2020), DOI 10.1109/TPAMI.2019.2891760, with its mu = 1e-4, growing by 1.1 up to
1e10. A stack of images stands as H x N x W, each image a lateral slice, the convention of the t-product for collections
of images (Hao, Kilmer, Braman and Hoover 2013, DOI 10.1137/110842570).

Departure from the paper: it stops at a largest change, and a largest residual, of 1e-8; here, where the signal's peak
is 1, they are 1e-5, far below a grey level.
"""

from collections.abc import Sequence

import numpy as np

from benchmark.algorithms.robust_pca import pursue_tensor
from benchmark.contract import Estimate, Problem
from benchmark.stacks import as_stack

LABEL = "TRPCA"
FAMILY = "robust PCA"
TASKS = {"outliers"}
DEVICES = {"cpu"}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    axes: Sequence[int] = (0, 2, 1),
    tolerance: float = 1e-5,
    iterations: int = 500,
) -> Estimate:
    """Return the low-rank part, of the shape observed; `axes` are those of H x W x N in the order n1, n2, n3.

    A single image stands as H x W x 1 in any case, which makes this PCP.
    """
    stack = as_stack(problem.observed)
    first, second, third = axes if stack.shape[2] > 1 else (0, 1, 2)
    order = (third, first, second)
    low_rank, done = pursue_tensor(stack.transpose(order), tolerance, iterations)
    return Estimate(signal=low_rank.transpose(np.argsort(order)).reshape(problem.observed.shape), iterations=done)
