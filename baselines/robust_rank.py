"""Minimises the Huber loss of Y - X over the X of rank r: the background as a few images, mixed anew for each frame.

With h = 0.02 the loss is |e|^2 / 2 up to h and h |e| - h^2 / 2 beyond. The weights w = min(1, h / |Y - X|) give a
quadratic above it, and X <- P_r(w Y + (1 - w) X), P_r the truncated singular value decomposition, lowers that, so that
the loss never grows. It starts from the temporal median.

The step is that of Srebro and Jaakkola, Weighted low-rank approximations, International Conference on Machine Learning
2003, within reweighted least squares: Holland and Welsch, Robust regression using iteratively reweighted least-squares,
Communications in Statistics 6 (1977), DOI 10.1080/03610927708827533.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import unfold
from benchmark.algorithms.motion import parts_of, projected
from benchmark.contract import Estimate, Problem

LABEL = "Robust rank"
FAMILY = "robust PCA"
TASKS = {"background"}
DEVICES = {"cpu"}


def solve(
    problem: Problem, *, seed: int, device: str, rank: int | None = None, huber: float = 0.02, iterations: int = 60
) -> Estimate:
    """Return the background, of the rank told or of `rank`."""
    background = fitted(unfold(problem.observed), rank or rank_of("robust_rank", problem), huber, iterations)
    return parts_of(problem.observed, iterations, background=background)


def fitted(frames: np.ndarray, rank: int, huber: float, iterations: int) -> np.ndarray:
    """Return the approximation of rank r of frames (p x t)."""
    background = np.repeat(np.median(frames, axis=1, keepdims=True), frames.shape[1], axis=1)
    for _ in range(iterations):
        residual = frames - background
        weights = huber / np.maximum(np.abs(residual), huber)
        background = projected(background + weights * residual, rank)
    return background
