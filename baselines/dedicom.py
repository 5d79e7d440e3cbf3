"""Minimises sum_k ||X_k - A D_k H D_k A^T||_F^2 over A, H and diagonal D_k of asymmetric slices: three-way DEDICOM.

By damped Gauss-Newton, as `benchmark.algorithms.gauss_newton` says, on slices that are compressed by one basis for
either side; or in the way of ASALSAN: A solves the least squares in which it is held on the other side, stacked over
both sides, and the step is halved until the objective falls; H solves its own; and D_k follow by steps of Gauss-Newton
with A, in an orthonormal basis, and H held. Held-out entries are no part of the norm: then limited-memory BFGS fits
all others.

Harshman, Models for analysis of asymmetrical relationships among N objects or stimuli, 1978; ASALSAN: Bader, Harshman
and Kolda, Temporal analysis of semantic graphs using ASALSAN, ICDM 2007, DOI 10.1109/ICDM.2007.54.

Departure from the paper: the D_k are not constrained to be positive, and take Gauss-Newton in place of Newton steps.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.decomposed import aligned, decomposed, ranks_of, whole_tensor
from benchmark.algorithms.gauss_newton import fit, levenberg_marquardt
from benchmark.algorithms.multilinear import Factors, Multilinear, random_start
from benchmark.contract import Estimate, Problem

LABEL = "DEDICOM"
FAMILY = "tensor decomposition"
TASKS = {"decompose"}
DEVICES = {"cpu"}
STOCHASTIC = True

HALVINGS = 20


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    optimiser: Literal["als", "gauss_newton"] = "gauss_newton",
    starts: int = 10,
    iterations: int = 500,
    tolerance: float = 1e-8,
    rank: int | None = None,
) -> Estimate:
    """Return the signal I x I x K, with A (I x R) and C (K x R), whose rows are the diagonals of D_k.

    `iterations` and `tolerance`, of the relative error, end alternating least squares; `rank` replaces the protocol's.
    Raises ValueError for slices that are not square.
    """
    check_choices(solve, optimiser=optimiser)
    [told] = ranks_of("dedicom", problem, "dedicom")
    rank, rng = rank or int(told), np.random.default_rng(seed)
    target, mask = whole_tensor("dedicom", problem, masked=True), problem.granted.get("mask")
    if target.shape[0] != target.shape[1]:
        raise ValueError(f"slices of {target.shape[0]} x {target.shape[1]} relate other things: choose PARATUCK2")
    if optimiser == "als":
        target = whole_tensor("dedicom", problem)
        model = model_of(target.shape, rank)
        fits = [
            asalsan(model, target, random_start(model, target, rng, ["C"]), iterations, tolerance)
            for _ in range(starts)
        ]
        factors = min(fits, key=lambda own: own[1][-1])[0]
    else:
        model, factors = fit(
            lambda shape: model_of(shape, rank),
            target,
            rng,
            starts=starts,
            ranks=[rank, rank, None],
            tied=True,
            positive=["C"],
            mask=mask,
        )
    return decomposed(model.value(factors), A=factors["A"], C=aligned(factors["C"]))


def model_of(shape: tuple[int, ...], rank: int) -> Multilinear:
    """Return the DEDICOM model of slices of a shape."""
    shapes = {"A": (shape[0], rank), "C": (shape[2], rank), "H": (rank, rank)}
    return Multilinear([("ir,kr,rs,ks,js->ijk", ("A", "C", "H", "C", "A"))], shapes)


def asalsan(
    model: Multilinear, target: np.ndarray, factors: Factors, iterations: int, tolerance: float
) -> tuple[Factors, list[float]]:
    """Return factors by alternating least squares, and the relative error after each sweep, which never rises."""
    norm, errors = np.linalg.norm(target), [np.inf]
    rank = factors["H"].shape[0]
    for _ in range(iterations):
        factors = factors | {"A": _stepped(model, target, factors)}
        basis, triangle = np.linalg.qr(factors["A"])
        core = np.einsum("ijk,ia,jb->abk", target, basis, basis, optimize=True)
        small = model_of(core.shape, rank)
        inner = factors | {"A": triangle}
        inner |= small.best(["H"], core, inner)
        inner, _ = levenberg_marquardt(small, core, inner, iterations=2, held=("A", "H"))
        factors = inner | {"A": basis @ inner["A"]}
        errors.append(float(np.linalg.norm(model.value(factors) - target) / norm))
        if errors[-2] - errors[-1] < tolerance:
            break
    return factors, errors[1:]


def _stepped(model: Multilinear, target: np.ndarray, factors: Factors) -> np.ndarray:
    """Return A after the least squares in which the other side is held, or as far towards it as the objective falls."""
    A, C, H = (factors[name] for name in "ACH")
    middle = np.einsum("kr,rs,ks->krs", C, H, C)
    gram = A.T @ A
    normal = np.einsum("krs,st,kut->ru", middle, gram, middle) + np.einsum("ksr,st,ktu->ru", middle, gram, middle)
    right = np.einsum("ijk,js,krs->ir", target, A, middle, optimize=True)
    right += np.einsum("jik,js,ksr->ir", target, A, middle, optimize=True)
    goal = right @ np.linalg.pinv(normal, hermitian=True)
    least, share = np.linalg.norm(model.value(factors) - target), 1.0
    for _ in range(HALVINGS):
        trial = A + share * (goal - A)
        if np.linalg.norm(model.value(factors | {"A": trial}) - target) < least:
            return trial
        share /= 2
    return A
