"""Minimises ||Y - [[A, B, C]]||_F over sums of `rank` outer products of vectors: PARAFAC by alternating least squares.

Each factor in turn solves A (C^T C * B^T B + ridge I) = Y_(1) (C o B), * entrywise and o the Khatri-Rao product, for
100 iterations or until the relative error changes by less than 1e-8. It starts from factors uniform in [0, 1], or from
normal numbers at the scale of Y. The rank may exceed the sizes of the axes. The factors of a matrix come from its
singular value decomposition, which is the minimum. Held-out entries are filled in by the fit after each sweep. A line
search follows, in every second sweep after the sixth, the change of the factors as far as a root of the number of
sweeps, if that lowers the error (Bro, Multi-way analysis in the food industry, University of Amsterdam, 1998).

Carroll and Chang, Analysis of individual differences in multidimensional scaling via an N-way generalization of
"Eckart-Young" decomposition, Psychometrika 35 (1970), DOI 10.1007/BF02310791; in the implementation of TensorLy
(arXiv 1610.09555).

Departure from the paper: a ridge of 1e-6 ||Y||^2 / rank keeps the systems regular where the rank exceeds the sizes of
the axes.
"""

from typing import Literal

import numpy as np
from tensorly.decomposition import parafac

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.decomposed import from_factors, watched, whole_tensor
from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import truncated_svd
from benchmark.algorithms.multilinear import cp_model, random_start
from benchmark.contract import Estimate, Problem

LABEL = "CP-ALS"
FAMILY = "tensor decomposition"
TASKS = {"decompose", "denoise", "outliers"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int = 100,
    tolerance: float = 1e-8,
    ridge: float = 1e-6,
    start: Literal["uniform", "normal"] = "uniform",
    line_search: bool = False,
    rank: int | None = None,
) -> Estimate:
    """Return the factors of a stack, of shapes H x rank, W x rank and N x rank; of a matrix, H x rank and W x rank.

    `rank` replaces the protocol's: one that tells the rank of pixels x bands tells too few terms. A decomposition has a
    trace.
    """
    check_choices(solve, start=start)
    if rank is None:
        rank = rank_of("cp_als", problem)
    if problem.observed.ndim == 2:
        return Estimate(factors=truncated_svd(problem.observed, rank))
    Y = whole_tensor("cp_als", problem, masked=True)
    init = "random"
    if start == "normal":
        init = (None, list(random_start(cp_model(Y.shape, rank), Y, np.random.default_rng(seed)).values()))
    trace, watch = watched(iterations)
    _, factors = parafac(
        Y,
        rank,
        init=init,
        random_state=seed,
        n_iter_max=iterations,
        tol=tolerance,
        l2_reg=ridge * np.sum(Y**2) / rank,
        mask=problem.granted.get("mask"),
        linesearch=line_search,
        callback=(lambda fit, error: watch(fit.factors, error)) if "model" in problem.granted else None,
    )
    return from_factors(problem, Estimate(factors=tuple(factors), trace=trace))
