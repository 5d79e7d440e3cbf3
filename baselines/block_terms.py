"""Minimises ||X - sum_r G_r x_1 A_r x_2 B_r x_3 C_r||_F over terms of given ranks (L, M, N): block terms.

Terms of rank (L, L, 1) are (A_r B_r^T) o c_r. By alternating least squares, where all A_r are solved for at once, then
all B_r, C_r and G_r, with a line search or without (`benchmark.algorithms.multilinear`); by damped Gauss-Newton on the
compressed tensor (`benchmark.algorithms.gauss_newton`); or by limited-memory BFGS with twenty pairs of steps and
gradients, from normal numbers at the scale of the tensor, as the others start, too. Each takes the best of several
random starts, of which one of three to one of twelve comes to the least error.

De Lathauwer and Nion, Decompositions of a higher-order tensor in block terms - Part III: alternating least squares
algorithms, SIAM Journal on Matrix Analysis and Applications 30 (2008), DOI 10.1137/070690730; uniqueness is in Part II,
DOI 10.1137/070690729. Sorber, Van Barel and De Lathauwer, SIAM Journal on Optimization 23 (2013), DOI
10.1137/120868323, for the other optimisers. Terms of rank (2, 2, 2) are not unique: each is a sum of two of CP, which
can be grouped anyhow.
"""

from dataclasses import replace
from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.decomposed import ranks_of, watched, whole_tensor
from benchmark.algorithms.gauss_newton import best_descent, fit
from benchmark.algorithms.multilinear import Factors, Multilinear, best_alternation, product
from benchmark.contract import Estimate, Problem

LABEL = "Block terms"
FAMILY = "tensor decomposition"
TASKS = {"decompose"}
DEVICES = {"cpu"}
STOCHASTIC = True

# About as many as one start takes, that the trace is spaced over.
STEPS = 300

LL1 = "il,jl,k->ijk"
GENERAL = "il,jm,kn,lmn->ijk"


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    optimiser: Literal["als", "gauss_newton", "lbfgs"] = "gauss_newton",
    starts: int = 30,
    iterations: int = 500,
    tolerance: float = 1e-8,
    line_search: bool = False,
) -> Estimate:
    """Return the signal I x J x K and the terms r x I x J x K, and of terms of rank (L, L, 1) C (K x r), too.

    Of a single start there is a trace. `iterations` end L-BFGS; that, `tolerance` and `line_search` are of ALS.
    """
    check_choices(solve, optimiser=optimiser)
    ranks = ranks_of("block_terms", problem, "ll1", "btd")
    target, rng = whole_tensor("block_terms", problem), np.random.default_rng(seed)
    model = model_of(target.shape, ranks)
    trace, watch = watched(STEPS if optimiser == "gauss_newton" else iterations)

    def note(own: Factors, objective: float) -> None:
        if starts == 1:
            watch(tuple(own[name] for name in model.shapes), objective)

    if optimiser == "als":
        ends = {"iterations": iterations, "tolerance": tolerance, "line_search": line_search}
        factors = best_alternation(model, target, rng, order_of(model), starts=starts, watch=note, **ends)
    elif optimiser == "lbfgs":
        factors = best_descent(model, target, rng, starts, iterations, watch=note)
    else:
        compression = [int(total) for total in np.sum(ranks, axis=0)]
        _, factors = fit(
            lambda shape: model_of(shape, ranks), target, rng, starts=starts, ranks=compression, watch=note
        )
    snapshots = [replace(own, last=parts_of(model, dict(zip(model.shapes, own.last, strict=True)))) for own in trace]
    return Estimate(parts=parts_of(model, factors), trace=snapshots)


def model_of(shape: tuple[int, ...], ranks: np.ndarray) -> Multilinear:
    """Return the model of tensors of a shape whose terms have the ranks (L, M, N) that are the rows of `ranks`."""
    terms, shapes = [], {}
    single = bool(np.all(ranks[:, 2] == 1) and np.all(ranks[:, 0] == ranks[:, 1]))
    for number, own in enumerate(np.asarray(ranks).tolist()):
        names = tuple(f"{name}{number}" for name in ("ABC" if single else "ABCG"))
        sizes = [(shape[0], own[0]), (shape[1], own[1]), (shape[2],) if single else (shape[2], own[2]), tuple(own)]
        terms.append((LL1 if single else GENERAL, names))
        shapes |= dict(zip(names, sizes, strict=False))
    return Multilinear(terms, shapes)


def order_of(model: Multilinear) -> list[list[str]]:
    """Return the factors that are solved for together, in order: all A_r, all B_r, all C_r, and all cores."""
    return [[names[place] for _, names in model.terms] for place in range(model.degree)]


def parts_of(model: Multilinear, factors: Factors) -> dict[str, np.ndarray]:
    """Return the answer that factors make: the signal, its terms, and C where terms have one vector c_r each."""
    terms = terms_of(model, factors)
    vectors = {} if "G0" in factors else {"C": np.stack([factors[f"C{r}"] for r in range(len(terms))], axis=1)}
    return {"signal": terms.sum(axis=0), "terms": terms} | vectors


def terms_of(model: Multilinear, factors: Factors) -> np.ndarray:
    """Return the terms r x I x J x K."""
    return np.stack([product(subscripts, [factors[name] for name in names]) for subscripts, names in model.terms])
