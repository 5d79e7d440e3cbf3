"""Minimises sum_k ||X_k - A diag(c_k) H diag(d_k) B^T||_F^2 over all five factors: PARATUCK2.

By alternating least squares, each factor solved for in turn, or by damped Gauss-Newton on the compressed slices, as
`benchmark.algorithms.gauss_newton` says. Either takes the best of several random starts.

Harshman and Lundy, Uniqueness proof for a family of models sharing features of Tucker's three-mode factor analysis and
PARAFAC/CANDECOMP, Psychometrika 61 (1996), DOI 10.1007/BF02296247; the algorithm: Bro, Multi-way analysis in the food
industry, 1998.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.decomposed import decomposed, ranks_of, whole_tensor
from benchmark.algorithms.gauss_newton import fit
from benchmark.algorithms.multilinear import Multilinear, best_alternation
from benchmark.contract import Estimate, Problem

LABEL = "PARATUCK2"
FAMILY = "tensor decomposition"
TASKS = {"decompose"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    optimiser: Literal["als", "gauss_newton"] = "gauss_newton",
    starts: int = 10,
    iterations: int = 1000,
    tolerance: float = 1e-8,
) -> Estimate:
    """Return the signal I x J x K, with A (I x R) and B (J x S); c_k and d_k of a slice have no scales of their own.

    The last two parameters end alternating least squares.
    """
    check_choices(solve, optimiser=optimiser)
    left, right = ranks_of("paratuck2", problem, "paratuck2")
    target, rng = whole_tensor("paratuck2", problem), np.random.default_rng(seed)
    if optimiser == "als":
        model = model_of(target.shape, left, right)
        factors = best_alternation(
            model,
            target,
            rng,
            [["A"], ["B"], ["H"], ["C"], ["D"]],
            starts=starts,
            iterations=iterations,
            tolerance=tolerance,
            positive=["C", "D"],
        )
    else:
        model, factors = fit(
            lambda shape: model_of(shape, left, right),
            target,
            rng,
            starts=starts,
            ranks=[left, right, None],
            positive=["C", "D"],
        )
    return decomposed(model.value(factors), A=factors["A"], B=factors["B"])


def model_of(shape: tuple[int, ...], left: int, right: int) -> Multilinear:
    """Return the PARATUCK2 model of slices of a shape."""
    rows, columns, slices = shape
    shapes = {"A": (rows, left), "B": (columns, right), "C": (slices, left), "D": (slices, right), "H": (left, right)}
    return Multilinear([("ir,kr,rs,ks,js->ijk", ("A", "C", "H", "D", "B"))], shapes)
