"""Minimises ||L||_* + lambda ||S||_1 subject to L + S = Y: principal component pursuit, or robust PCA.

Y, m x n, has an image of the stack in each column, or is the only image; lambda = 1 / sqrt(max(m, n)), as the theory
has it. The solver is the inexact augmented Lagrangian method.

Candès, Li, Ma and Wright, Robust principal component analysis?, Journal of the ACM 58 (2011),
DOI 10.1145/1970392.1970395; Lin, Chen and Ma, The augmented Lagrange multiplier method for exact recovery of corrupted
low-rank matrices, arXiv 1009.5055, with its mu = 1.25 / ||Y||_2, growing up to 1e7 times that.

`svt` says how singular values are thresholded in each iteration: "gram" by the Gram matrix of the shorter side, which
is exact and the fastest for tall matrices; "exact" by a decomposition of the matrix; "randomised" by a sketch that
starts from the last iteration's vectors (`benchmark.algorithms.randomised_svt`), which is the fastest where the rank is
far below both sides, and not quite exact.

Departure from the paper: mu grows by 1.1 an iteration, not by 1.5, which can end visibly beside the minimum.
"""

from typing import Literal

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.lowrank import unfold
from benchmark.algorithms.proximal import singular_value_threshold
from benchmark.algorithms.randomised_svt import warm_threshold
from benchmark.algorithms.robust_pca import pursue_matrix, tall_threshold
from benchmark.contract import Estimate, Problem
from benchmark.stacks import as_stack

LABEL = "PCP"
FAMILY = "robust PCA"
TASKS = {"outliers"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    svt: Literal["gram", "exact", "randomised"] = "gram",
    tolerance: float = 1e-7,
    iterations: int = 1000,
) -> Estimate:
    """Return the low-rank part, of the shape observed; `tolerance` is that of ||Y - L - S||_F / ||Y||_F."""
    check_choices(solve, svt=svt)
    thresholds = {"gram": tall_threshold, "exact": singular_value_threshold, "randomised": warm_threshold(seed)}
    stack = as_stack(problem.observed)
    Y = stack[..., 0] if stack.shape[2] == 1 else unfold(stack)
    tall = Y if len(Y) >= Y.shape[1] else Y.T
    low_rank, done = pursue_matrix(tall, tolerance, iterations, thresholds[svt])
    low_rank = low_rank if tall is Y else low_rank.T
    return Estimate(signal=low_rank.reshape(problem.observed.shape), iterations=done)
