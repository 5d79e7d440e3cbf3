"""Represents a query by training images where each pixel counts by a logistic function of its error: RRC.

min sum_i w_i e_i^2 + lambda ||x||_q^q, e = y - A^T x, q = 1 or 2, in turns over x and the weights

    w_i = 1 / (1 + exp(c (e_i^2 / d - 1))),

d the ceil(tau p)-th smallest e_i^2, so that a share tau of the pixels counts. It starts from the mean training image
and ends after 20 turns, or when w changes by less than 2 %. The class is that of the smallest weighted error.

Yang, Zhang, Yang and Zhang, Regularized robust coding for face recognition, IEEE Transactions on Image Processing 22
(2013), DOI 10.1109/TIP.2012.2235849, with its c = 8, lambda = 0.001, and tau = 0.6, for occlusion (0.8 where there is
none).

Departure: x of q = 2 comes from 30 steps of conjugate gradients, and that of q = 1 from 60 of accelerated proximal
gradients, from the last x.
"""

from functools import partial
from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.faces import faces_of
from benchmark.algorithms.robust_weights import logistic
from benchmark.algorithms.sparse_coding import (
    largest_eigenvalue,
    relative_change,
    reweighted,
    weighted_lasso,
    weighted_ridge,
)
from benchmark.contract import Estimate, Problem

LABEL = "Regularised robust coding (RRC)"
FAMILY = "robust coding"
TASKS = {"classify"}
DEVICES = {"cpu"}

STEPS = {1: 60, 2: 30}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    norm: Literal[1, 2] = 2,
    nonnegative: bool = False,
    penalty: float = 1e-3,
    share: float = 0.6,
    steepness: float = 8.0,
    iterations: int = 20,
    tolerance: float = 0.02,
) -> Estimate:
    """Return the labels of the queries, (q,); `share` is tau, `steepness` c; `nonnegative` is for q = 1."""
    check_choices(solve, norm=norm)
    if nonnegative and norm == 2:
        raise ValueError("`nonnegative` codes are those of `norm: 1`")
    faces = faces_of(problem)
    atoms, number = faces.training, len(faces.training)
    largest = largest_eigenvalue(atoms @ atoms.T)

    def code(signals: np.ndarray, weights: np.ndarray, last: np.ndarray) -> np.ndarray:
        if norm == 2:
            return weighted_ridge(atoms, signals, weights, penalty, last, STEPS[norm])
        return weighted_lasso(  # of half the squares
            *(atoms, signals, weights, penalty / 2, last, STEPS[norm]), lipschitz=largest, nonnegative=nonnegative
        )

    codes, weights = reweighted(
        atoms,
        faces.queries,
        partial(logistic, share=share, steepness=steepness),
        code,
        np.full((len(faces.queries), number), 1 / number, np.float32),
        iterations,
        lambda last, new: relative_change(last[1], new[1]) < tolerance,
    )
    return Estimate(signal=faces.nearest_class(codes, np.sqrt(weights)))
