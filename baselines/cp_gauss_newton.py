"""Minimises ||X - [[A, B, C]]||_F over sums of `rank` outer products of vectors: PARAFAC by damped Gauss-Newton.

The tensor is compressed first, as `benchmark.algorithms.gauss_newton` says; the best of several random starts counts.
Held-out entries are no part of the norm: then limited-memory BFGS fits all others.

Tomasi and Bro, A comparison of algorithms for fitting the PARAFAC model, Computational Statistics & Data Analysis 50
(2006), DOI 10.1016/j.csda.2004.11.013, which finds it the most reliable one.
"""

import numpy as np

from benchmark.algorithms.decomposed import from_factors, watched, whole_tensor
from benchmark.algorithms.gauss_newton import fit
from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.multilinear import cp_model
from benchmark.contract import Estimate, Problem

LABEL = "CP, Gauss-Newton"
FAMILY = "tensor decomposition"
TASKS = {"decompose"}
DEVICES = {"cpu"}
STOCHASTIC = True

# About as many as all starts together take, that the trace is spaced over.
STEPS = 1000


def solve(problem: Problem, *, seed: int, device: str, starts: int = 10, rank: int | None = None) -> Estimate:
    """Return the signal I x J x K and the factors A, B and C, with a trace; `rank` replaces the protocol's."""
    rank = rank or rank_of("cp_gauss_newton", problem)
    target = whole_tensor("cp_gauss_newton", problem, masked=True)
    trace, watch = watched(STEPS)
    _, factors = fit(
        lambda shape: cp_model(shape, rank),
        target,
        np.random.default_rng(seed),
        starts=starts,
        ranks=[rank] * 3,
        mask=problem.granted.get("mask"),
        watch=lambda own, objective: watch(tuple(own.values()), objective),
    )
    return from_factors(problem, Estimate(factors=tuple(factors.values()), trace=trace))
