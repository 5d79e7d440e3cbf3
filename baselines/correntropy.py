"""Represents a query by training images where pixels of large errors hardly count: CESR, HQ-M and HQ-A.

The correntropy, or Welsch, loss of the error e = y - A^T x, min sum_i s^2 (1 - exp(-e_i^2 / 2 s^2)) + lambda ||x||_1,
is minimised in turns over weights w_i = exp(-e_i^2 / 2 s^2), with s^2 half the mean square of e, and x:

- HQ-M, multiplicative: x = argmin 1/2 sum_i w_i e_i^2 + lambda ||x||_1.
- CESR: the same for x >= 0.
- HQ-A, additive: x = argmin 1/2 ||y - (1 - w) e - A^T x||^2 + lambda ||x||_1, whose matrix is always the same.

It starts from the mean training image, and ends after 30 turns, or when x changes by less than 1 %. The class is that
of the smallest weighted error.

He, Zheng and Hu, Maximum correntropy criterion for robust face recognition, IEEE Transactions on Pattern Analysis and
Machine Intelligence 33 (2011), DOI 10.1109/TPAMI.2010.220 (CESR); He, Zheng, Tan and Sun, Half-quadratic-based
iterative minimization for robust sparse representation, same journal 36 (2014), DOI 10.1109/TPAMI.2013.102 (HQ).

Departure: where the papers solve for x by active sets, this takes 60 (HQ-A: 40) steps of accelerated proximal gradients
from the last x, for all queries at once.
"""

from functools import partial
from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.faces import faces_of
from benchmark.algorithms.robust_weights import welsch
from benchmark.algorithms.sparse_coding import largest_eigenvalue, lasso, relative_change, reweighted, weighted_lasso
from benchmark.contract import Estimate, Problem

LABEL = "Correntropy (CESR)"
FAMILY = "robust coding"
TASKS = {"classify"}
DEVICES = {"cpu"}

STEPS = {"cesr": 60, "hq-m": 60, "hq-a": 40}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    form: Literal["cesr", "hq-m", "hq-a"] = "cesr",
    width: float = 0.5,
    penalty: float = 1e-3,
    iterations: int = 30,
    tolerance: float = 1e-2,
) -> Estimate:
    """Return the labels of the queries, (q,); `width` is s^2 over the mean square of the error."""
    check_choices(solve, form=form)
    faces = faces_of(problem)
    codes, weights = represent(faces.training, faces.queries, form, width, penalty, iterations, tolerance)
    return Estimate(signal=faces.nearest_class(codes, np.sqrt(weights)))


def represent(
    atoms: np.ndarray,
    signals: np.ndarray,
    form: str,
    width: float,
    penalty: float,
    iterations: int,
    tolerance: float,
    start: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return codes (q x n) of signals (q x p) by atoms (n x p), and the weights (q x p) of the last turn."""
    gram, number = atoms @ atoms.T, len(atoms)
    largest, steps = largest_eigenvalue(gram), STEPS[form]
    start = np.full((len(signals), number), 1 / number, signals.dtype) if start is None else start

    def additive(signals: np.ndarray, weights: np.ndarray, last: np.ndarray) -> np.ndarray:
        cleaned = signals - (1 - weights) * (signals - last @ atoms)
        return lasso(gram, cleaned @ atoms.T, penalty, last, steps)

    def multiplicative(signals: np.ndarray, weights: np.ndarray, last: np.ndarray) -> np.ndarray:
        return weighted_lasso(
            atoms, signals, weights, penalty, last, steps, lipschitz=largest, nonnegative=form == "cesr"
        )

    return reweighted(
        atoms,
        signals,
        partial(welsch, width=width),
        additive if form == "hq-a" else multiplicative,
        start,
        iterations,
        lambda last, new: relative_change(last[0], new[0]) < tolerance,
    )
