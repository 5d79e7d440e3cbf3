"""Represents a query by training images with weights >= 0, and its error by a weighted one of low rank: F-(LR-)IRNNLS.

F-IRNNLS: min over x >= 0 of sum_i w_i e_i^2, e = y - A^T x, in turns over x and the logistic weights of regularised
robust coding (tau = 0.6, c = 8). F-LR-IRNNLS adds lambda ||T(e)||_*, `low_rank` lambda, T(e) the error as an image.

For given weights the alternating direction method of multipliers, with rho_1 = 1 and rho_2 = 0.1 and one inverse for
all queries and turns, does in each step

    e = (y - A^T x + u) / (1 + 2 w), then, of F-LR-IRNNLS, its singular values less lambda,
    z = max(x + v, 0), x = (A A^T + 0.1 I)^-1 (A (y - e + u) + 0.1 (z - v)),
    u += y - A^T x - e, v += x - z

until ||y - A^T x - e|| < 0.01 and ||x - z|| < 0.1, or 1000 times; the turns end at 100, or when w changes by less than
1 %. These tolerances are a part of the method. The class is that of the smallest ||w (y - A_c^T z_c)||.

Iliadis, Wang, Molina and Katsaggelos, Robust and low-rank representation for fast face identification with
occlusions, IEEE Transactions on Image Processing 26 (2017), DOI 10.1109/TIP.2017.2675206; parameters are those of the
authors' code, whose lambda is 0.01, or 0.05. That the weights are applied before the singular values are shrunk is
theirs, too: it is not the proximal map of the sum of the two.
"""

import numpy as np

from benchmark.algorithms.faces import faces_of
from benchmark.algorithms.proximal import shrunk_images
from benchmark.algorithms.robust_weights import logistic
from benchmark.algorithms.sparse_coding import relative_change
from benchmark.contract import Estimate, Problem

LABEL = "F-IRNNLS"
FAMILY = "robust coding"
TASKS = {"classify"}
DEVICES = {"cpu"}

RATIO = 0.1  # rho_2 / rho_1
RESIDUAL, DISAGREEMENT = 0.01, 0.1
TURNS, STEPS, SETTLED = 100, 1000, 0.01


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    low_rank: float = 0.0,
    share: float = 0.6,
    steepness: float = 8.0,
) -> Estimate:
    """Return the labels of the queries, (q,); `low_rank` is lambda, `share` tau and `steepness` c."""
    faces = faces_of(problem)
    codes, weights = represent(faces.training, faces.queries, faces.shape, low_rank, share, steepness)
    return Estimate(signal=faces.nearest_class(codes, weights))


def represent(
    atoms: np.ndarray, signals: np.ndarray, shape: tuple[int, int], low_rank: float, share: float, steepness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes z (q x n), none negative, of signals (q x p) by atoms (n x p), and the weights w (q x p)."""
    number = len(atoms)
    wide = atoms.astype(np.float64)
    inverse = np.linalg.inv(wide @ wide.T + RATIO * np.eye(number)).astype(atoms.dtype)
    codes = np.full((len(signals), number), 1 / number, signals.dtype)
    positive, dual = np.zeros_like(codes), np.zeros_like(codes)
    fits, multiplier = codes @ atoms, np.zeros_like(signals)
    weights = np.ones_like(signals)
    turning = np.arange(len(signals))
    for _ in range(TURNS):
        last = weights[turning]
        weights[turning] = logistic(signals[turning] - fits[turning], share, steepness)
        own = turning
        for _ in range(STEPS):
            error = (signals[own] - fits[own] + multiplier[own]) / (1 + 2 * weights[own])
            if low_rank:
                error = shrunk_images(error, shape, low_rank)
            z = np.maximum(codes[own] + dual[own], 0)
            x = ((signals[own] - error + multiplier[own]) @ atoms.T + RATIO * (z - dual[own])) @ inverse
            fit = x @ atoms
            residual, disagreement = signals[own] - fit - error, x - z
            codes[own], positive[own], fits[own] = x, z, fit
            multiplier[own] += residual
            dual[own] += disagreement
            going = np.linalg.norm(residual, axis=1) >= RESIDUAL
            own = own[going | (np.linalg.norm(disagreement, axis=1) >= DISAGREEMENT)]
            if not len(own):
                break
        turning = turning[relative_change(last, weights[turning]) >= SETTLED]
        if not len(turning):
            break
    return positive, weights
