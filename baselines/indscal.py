"""Minimises sum_k ||X_k - A diag(c_k) A^T||_F^2 over A and the saliences c_k of symmetric slices: INDSCAL.

By alternating least squares the two A are fitted as if they were two factors of PARAFAC, from random ones; at the end
they agree, up to scale, where the decomposition is unique. Their mean is returned, with the c_k that fit it best. By
Gauss-Newton, on the compressed slices, they are one. The slices are made symmetric first, which changes the objective
by a constant.

Carroll and Chang, Analysis of individual differences in multidimensional scaling via an N-way generalization of
"Eckart-Young" decomposition, Psychometrika 35 (1970), DOI 10.1007/BF02310791. Saliences may come out negative.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.decomposed import decomposed, ranks_of, whole_tensor
from benchmark.algorithms.gauss_newton import fit
from benchmark.algorithms.multilinear import Factors, Multilinear, alternate, cp_model, random_start
from benchmark.contract import Estimate, Problem

LABEL = "INDSCAL"
FAMILY = "tensor decomposition"
TASKS = {"decompose"}
DEVICES = {"cpu"}
STOCHASTIC = True

# A part of the norm that is not symmetric, above which slices are taken for those of another model.
LARGEST = 0.5


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    optimiser: Literal["als", "gauss_newton"] = "gauss_newton",
    starts: int = 5,
    iterations: int = 2000,
    tolerance: float = 1e-8,
) -> Estimate:
    """Return the signal I x I x K, with A (I x R) and C (K x R), whose rows are c_k.

    The last two parameters end alternating least squares. Raises ValueError for slices that are far from symmetric.
    """
    check_choices(solve, optimiser=optimiser)
    [rank] = ranks_of("indscal", problem, "indscal")
    target, rng = symmetric(whole_tensor("indscal", problem)), np.random.default_rng(seed)
    if optimiser == "als":
        model = model_of(target.shape, rank)
        fits = [untied(target, random_start(model, target, rng, ["C"]), iterations, tolerance) for _ in range(starts)]
        factors = min(fits, key=lambda own: np.linalg.norm(model.value(own) - target))
    else:
        model, factors = fit(
            lambda shape: model_of(shape, rank),
            target,
            rng,
            starts=starts,
            ranks=[rank] * 3,
            tied=True,
            positive=["C"],
        )
    return decomposed(model.value(factors), **factors)


def symmetric(slices: np.ndarray) -> np.ndarray:
    """Return the symmetric part of slices I x I x K; raise ValueError where it is not most of them."""
    if slices.shape[0] != slices.shape[1]:
        raise ValueError(f"slices of {slices.shape[0]} x {slices.shape[1]} are not symmetric: choose CP or PARATUCK2")
    part = (slices + slices.swapaxes(0, 1)) / 2
    if (share := np.linalg.norm(slices - part) / np.linalg.norm(slices)) > LARGEST:
        raise ValueError(f"{share:.0%} of the norm of the slices is not symmetric: choose DEDICOM, which need not be")
    return part


def model_of(shape: tuple[int, ...], rank: int) -> Multilinear:
    """Return the INDSCAL model of slices of a shape."""
    return Multilinear([("ir,jr,kr->ijk", ("A", "A", "C"))], {"A": (shape[0], rank), "C": (shape[2], rank)})


def untied(target: np.ndarray, start: Factors, iterations: int, tolerance: float) -> Factors:
    """Return the factors A and C from alternating least squares with an A of its own on either side."""
    model = cp_model(target.shape, start["A"].shape[1])
    rng = np.random.default_rng(0)
    factors = start | {"B": rng.standard_normal(start["A"].shape)}
    factors, _ = alternate(model, target, factors, [["A"], ["B"], ["C"]], iterations, tolerance)
    one, other = (factors[name] / np.linalg.norm(factors[name], axis=0) for name in "AB")
    mean = (one + other * np.sign(np.sum(one * other, axis=0))) / 2
    return {"A": mean} | model.best(["C"], target, {"A": mean, "B": mean})
