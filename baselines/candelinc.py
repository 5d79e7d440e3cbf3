"""Minimises ||X - [[F a, G b, H c]]||_F over a, b and c, for known bases F, G and H: CANDELINC.

For orthonormal bases, which their QR decompositions are, it is the CP decomposition of the tensor projected onto them,
exactly: what lies outside their spans does not depend on a, b and c. That is fitted by damped Gauss-Newton, as
`benchmark.algorithms.gauss_newton` says, or by alternating least squares.

Carroll, Pruzansky and Kruskal, CANDELINC: a general approach to multidimensional analysis of many-way arrays with
linear constraints on parameters, Psychometrika 45 (1980), DOI 10.1007/BF02293596.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.decomposed import decomposed, ranks_of, whole_tensor
from benchmark.algorithms.gauss_newton import fit
from benchmark.algorithms.multilinear import Factors, best_alternation, cp_model
from benchmark.contract import Estimate, Problem

LABEL = "CANDELINC"
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
    starts: int = 5,
    iterations: int = 1000,
    tolerance: float = 1e-8,
) -> Estimate:
    """Return the signal I x J x K and the factors A, B and C; the last two parameters end alternating least squares."""
    check_choices(solve, optimiser=optimiser)
    [rank] = ranks_of("candelinc", problem, "candelinc")
    target = whole_tensor("candelinc", problem)
    bases = [np.linalg.qr(problem.granted[f"basis_{axis}"].astype(np.float64))[0] for axis in "abc"]
    inner = constrained(target, bases, rank, optimiser, starts, iterations, tolerance, np.random.default_rng(seed))
    factors = {name: basis @ inner[name] for name, basis in zip("ABC", bases, strict=True)}
    return decomposed(cp_model(target.shape, rank).value(factors), **factors)


def constrained(
    target: np.ndarray,
    bases: list[np.ndarray],
    rank: int,
    optimiser: str,
    starts: int,
    iterations: int,
    tolerance: float,
    rng: np.random.Generator,
) -> Factors:
    """Return the factors in the coordinates of orthonormal bases: the CP decomposition of the projected tensor."""
    core = np.einsum("ijk,ia,jb,kc->abc", target, *bases, optimize=True)
    if optimiser == "gauss_newton":
        return fit(lambda shape: cp_model(shape, rank), core, rng, starts=starts, ranks=[rank] * 3)[1]
    order, ends = [["A"], ["B"], ["C"]], {"starts": starts, "iterations": iterations, "tolerance": tolerance}
    return best_alternation(cp_model(core.shape, rank), core, rng, order, **ends)
