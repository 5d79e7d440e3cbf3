"""Minimises ||X - [[A, B, C]]||_F over sums of `rank` outer products of vectors: PARAFAC by limited-memory BFGS.

The gradient by A is (A (B^T B * C^T C) - X_(1) (B o C)), * entrywise and o the Khatri-Rao product, and so on; twenty
pairs of steps and gradients stand for the Hessian. It starts from normal numbers at the scale of the tensor. Held-out
entries are no part of the norm.

Sorber, Van Barel and De Lathauwer, SIAM Journal on Optimization 23 (2013), DOI 10.1137/120868323; Acar, Dunlavy and
Kolda, A scalable optimization approach for fitting canonical tensor decompositions, Journal of Chemometrics 25 (2011),
DOI 10.1002/cem.1335. In the implementation of SciPy, with its line search.
"""

import numpy as np

from benchmark.algorithms.decomposed import from_factors, watched, whole_tensor
from benchmark.algorithms.gauss_newton import best_descent
from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.multilinear import cp_model
from benchmark.contract import Estimate, Problem

LABEL = "CP, L-BFGS"
FAMILY = "tensor decomposition"
TASKS = {"decompose"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 2000) -> Estimate:
    """Return the signal I x J x K and the factors A, B and C, with a trace."""
    target = whole_tensor("cp_lbfgs", problem, masked=True)
    model = cp_model(target.shape, rank_of("cp_lbfgs", problem))
    trace, watch = watched(iterations)
    factors = best_descent(
        model,
        target,
        np.random.default_rng(seed),
        starts=1,
        iterations=iterations,
        mask=problem.granted.get("mask"),
        watch=lambda own, objective: watch(tuple(own.values()), objective),
    )
    return from_factors(problem, Estimate(factors=tuple(factors.values()), trace=trace))
