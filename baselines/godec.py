"""Minimises ||Y - L - S||_F^2 over L of rank r and S with at most a share of 5 % of entries: GoDec, in turns.

L is the truncated singular value decomposition of Y - S, and S keeps the largest entries of Y - L. Each turn solves its
half exactly, so that the objective never grows.

Zhou and Tao, GoDec: randomized low-rank and sparse matrix decomposition in noisy case, International Conference on
Machine Learning 2011; reviewed in arXiv 1511.01245. Here the decomposition is exact, not by their random projections,
and the share of moving pixels is that of this suite's protocol.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import unfold
from benchmark.algorithms.motion import parts_of, projected
from benchmark.contract import Estimate, Problem

LABEL = "GoDec"
FAMILY = "robust PCA"
TASKS = {"background"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, share: float = 0.05, iterations: int = 30) -> Estimate:
    """Return the background, of the rank told, and as foreground |S|, of which a `share` of the entries is not 0."""
    low_rank, sparse = parted(unfold(problem.observed), rank_of("godec", problem), share, iterations)
    return parts_of(problem.observed, iterations, background=low_rank, foreground=np.abs(sparse))


def parted(frames: np.ndarray, rank: int, share: float, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """Return L of rank r and S with a share of entries, of frames (p x t)."""
    sparse = np.zeros_like(frames)
    left_out = frames.size - round(share * frames.size)
    for _ in range(iterations):
        low_rank = projected(frames - sparse, rank)
        remainder = frames - low_rank
        smallest = np.partition(np.abs(remainder), left_out - 1, axis=None)[left_out - 1]
        sparse = np.where(np.abs(remainder) > smallest, remainder, 0)
    return low_rank, sparse
