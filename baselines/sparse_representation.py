"""Represents a query by few training images, and answers the class of the best part of it: S-SRC, and robust R-SRC.

S-SRC: min 1/2 ||y - A^T x||^2 + lambda ||x||_1, by accelerated proximal gradients. The paper bounds the error instead;
lambda = 0.01 ||A y||_inf, a share of what makes x zero, is ours: it needs no knowledge of the noise.

R-SRC (`robust`): min ||x||_1 + ||e||_1 subject to y = A^T x + e, so that few pixels may be anything, by the augmented
Lagrangian method with mu = 2 p / ||y||_1: e and x (by proximal gradients from the last) in turns, then the multiplier.
The class is that of the best part of y - e.

Wright, Yang, Ganesh, Sastry and Ma, Robust face recognition via sparse representation, IEEE Transactions on Pattern
Analysis and Machine Intelligence 31 (2009), DOI 10.1109/TPAMI.2008.79.
"""

from dataclasses import replace

import numpy as np

from benchmark.algorithms.faces import faces_of
from benchmark.algorithms.proximal import soft_threshold
from benchmark.algorithms.sparse_coding import lasso
from benchmark.contract import Estimate, Problem

LABEL = "Sparse representation (S-SRC)"
FAMILY = "sparse representation"
TASKS = {"classify"}
DEVICES = {"cpu"}

INNER = 15


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    robust: bool = False,
    share: float = 0.01,
    iterations: int = 200,
    tolerance: float = 1e-4,
    robust_iterations: int = 60,
) -> Estimate:
    """Return the labels of the queries, (q,); `share` is lambda's, `robust_iterations` are the multiplier's."""
    faces = faces_of(problem)
    if robust:
        codes, errors = with_errors(faces.training, faces.queries, robust_iterations)
        return Estimate(signal=replace(faces, queries=faces.queries - errors).nearest_class(codes))
    correlations = faces.queries @ faces.training.T
    penalty = share * np.abs(correlations).max(axis=1)
    codes = lasso(
        faces.training @ faces.training.T, correlations, penalty, np.zeros_like(correlations), iterations, tolerance
    )
    return Estimate(signal=faces.nearest_class(codes))


def with_errors(
    atoms: np.ndarray, signals: np.ndarray, iterations: int, inner: int = INNER
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise ||x||_1 + ||e||_1 subject to y = A^T x + e, of atoms A, n x p; return codes q x n and errors q x p."""
    gram = atoms @ atoms.T
    norms = np.abs(signals).sum(axis=1, keepdims=True)
    spread = np.divide(norms, 2 * signals.shape[1], out=np.ones_like(norms), where=norms > 0)  # 1 / mu
    multiplier, codes = np.zeros_like(signals), np.zeros((len(signals), len(atoms)), signals.dtype)
    for _ in range(iterations):
        errors = soft_threshold(signals - codes @ atoms + multiplier, spread)
        codes = lasso(gram, (signals - errors + multiplier) @ atoms.T, spread[:, 0], codes, inner)
        multiplier += signals - codes @ atoms - errors
    return codes, errors
