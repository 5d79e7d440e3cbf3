"""Finds the background B of low rank and the mask of contiguous outliers together: DECOLOR.

Minimises over B and the background's support Omega, of a video D that is mapped to [0, 1] and freed of its mean,

    ||P_Omega(D - B)||_F^2 / 2 + alpha ||B||_* + beta sum (1 - Omega) + gamma sum |Omega_i - Omega_j|,

the last sum over the four neighbours in each frame, gamma = 5 beta, in turns: B by soft-impute, with alpha lowered by
sqrt(1/2) until the rank exceeds sqrt(T), and Omega by minimum cuts. beta follows the noise: half (3 sigma)^2 of what B
leaves of the background, from large to small.

Zhou, Yang and Yu, Moving object detection by detecting contiguous outliers in the low-rank representation, IEEE
Transactions on Pattern Analysis and Machine Intelligence 35 (2013), DOI 10.1109/TPAMI.2012.132, with parameters of the
authors' code, of which nothing is taken. Departure from it: neighbourhoods end at the edges of a frame; there the last
row of a column touches the first one of the next. That beta is halved where what moves in the whole video is less than
1e-4 of a frame is theirs.
"""

import numpy as np

from benchmark.algorithms.graph_cut import Grid
from benchmark.algorithms.motion import parts_of
from benchmark.contract import Estimate, Problem

LABEL = "DECOLOR"
FAMILY = "robust PCA"
TASKS = {"background"}
DEVICES = {"cpu"}

SMOOTHNESS, FACTOR = 5, np.sqrt(0.5)
ROUNDS, STEPS, SETTLED, LEAST_ALPHA = 20, 20, 1e-4, 1e-3
TRIMMED, STEADY = 0.005, 0.01  # of sigma: the share left out at each end, and the change that is none


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return B, and as the foreground the mask (0 and 1)."""
    video = problem.observed.astype(np.float64)
    low, high = video.min(), video.max()
    scaled = (video - low) / max(high - low, np.finfo(float).tiny)
    mean = scaled.mean()
    background, moving, done = decolor(scaled - mean)
    return parts_of(video, done, background=(background + mean) * (high - low) + low, foreground=moving)


def decolor(video: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return B, the mask of what moves, both h x w x t, and the number of turns, of a video of zero mean."""
    height, width, frames = video.shape
    grid, rank = Grid(height, width), int(np.sqrt(frames))
    D = video.reshape(-1, frames)
    B, still = D, np.ones(D.shape, bool)
    beta, least = D[:, 0].var() / 2, (3 * D[:, 0].std() / 20) ** 2 / 2
    alpha, sigma, energy = None, np.inf, np.inf
    for turns in range(1, ROUNDS + 1):  # noqa: B007 - its last value is returned
        B, alpha, nuclear = soft_impute(D, still, B, alpha, rank)
        errors = D - B
        found = trimmed_deviation(errors[still])
        sigma = sigma if abs(found - sigma) < STEADY * sigma else found
        small = np.count_nonzero(~still) < len(D) * 1e-4
        beta = beta / 2 if small else min(beta, max(beta / 2, (3 * sigma) ** 2 / 2, least))
        costs = (beta - errors**2 / 2).reshape(video.shape)
        gamma = SMOOTHNESS * beta
        moving = np.stack([grid.cheapest(costs[..., t], gamma) for t in range(frames)], axis=2)
        still = ~moving.reshape(D.shape)
        last, energy = energy, energy_of(errors, moving, alpha * nuclear, beta, gamma)
        if np.count_nonzero(moving) > len(D) * 1e-4 and abs(last - energy) < SETTLED * energy:
            break
    return B.reshape(video.shape), moving, turns


def soft_impute(
    D: np.ndarray, still: np.ndarray, B: np.ndarray, alpha: float | None, rank: int
) -> tuple[np.ndarray, float, float]:
    """Return the B of least ||P(D - B)||^2 / 2 + alpha ||B||_*, P onto what is `still`, alpha, and ||B||_*.

    The first alpha is the second singular value of D; it is lowered while the rank of B is at most `rank`. Mazumder,
    Hastie and Tibshirani, Spectral regularization algorithms for learning large incomplete matrices, Journal of Machine
    Learning Research 11 (2010).
    """
    if alpha is None:
        alpha = float(np.sqrt(max(np.linalg.eigvalsh(D.T @ D)[-2], 0)))
    while True:
        energy = np.inf
        for _ in range(STEPS):
            filled = np.where(still, D, B)
            squares, vectors = np.linalg.eigh(filled.T @ filled)
            values = np.sqrt(np.maximum(squares, np.finfo(float).tiny))
            kept = np.maximum(values - alpha, 0)
            B = filled @ ((vectors * (kept / values)) @ vectors.T)
            last, energy = energy, np.sum((D - B)[still] ** 2) / 2 + alpha * kept.sum()
            if abs(last - energy) <= SETTLED * energy:
                break
        if np.count_nonzero(kept) > rank or alpha <= LEAST_ALPHA:
            return B, alpha, float(kept.sum())
        alpha *= FACTOR


def trimmed_deviation(errors: np.ndarray) -> float:
    """Return the standard deviation of errors (n,) without the 0.5 % at each end."""
    low, high = np.quantile(errors, (TRIMMED, 1 - TRIMMED))
    return float(errors[(errors >= low) & (errors <= high)].std())


def energy_of(errors: np.ndarray, moving: np.ndarray, penalty: float, beta: float, gamma: float) -> float:
    """Return what is minimised, of errors (p x t), a mask (h x w x t), and alpha ||B||_*."""
    edges = sum(np.count_nonzero(np.diff(moving, axis=axis)) for axis in (0, 1))
    still = ~moving.reshape(errors.shape)
    return float(np.sum(errors[still] ** 2) / 2 + penalty + beta * np.count_nonzero(moving) + gamma * edges)
