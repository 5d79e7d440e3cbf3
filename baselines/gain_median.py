"""Models frame t as a_t m + b_t: one still image m under a light of which gain and offset change from frame to frame.

In each of five rounds a_t and b_t minimise the l1 distance of m to the frame, by five steps of reweighted least
squares with weights 1 / max(|residual|, 0.02), and m is the temporal median of (frame - b_t) / a_t. It is a matrix of
rank 2 with all that is known of global light put in: the control for methods that find it by themselves.

The steps are those of Holland and Welsch, Robust regression using iteratively reweighted least-squares, Communications
in Statistics 6 (1977), DOI 10.1080/03610927708827533; the rounds are ours.
"""

import numpy as np

from benchmark.algorithms.motion import parts_of
from benchmark.contract import Estimate, Problem

LABEL = "Median with gain and offset"
FAMILY = "filters and interpolation"
TASKS = {"background"}
DEVICES = {"cpu"}

SMALLEST_RESIDUAL, SMALLEST_GAIN = 0.02, 0.05


def solve(problem: Problem, *, seed: int, device: str, rounds: int = 5, steps: int = 5) -> Estimate:
    """Return the background a_t m + b_t of each frame."""
    frames = problem.observed.reshape(-1, problem.observed.shape[2]).astype(np.float64)
    still = np.median(frames, axis=1)
    for _ in range(rounds):
        gain, offset = light_of(still, frames, steps)
        usable = np.maximum(gain, SMALLEST_GAIN)  # a black frame tells nothing of the scene
        still = np.median((frames - offset) / usable, axis=1)
    gain, offset = light_of(still, frames, steps)
    return parts_of(problem.observed, rounds, background=np.outer(still, gain) + offset)


def light_of(still: np.ndarray, frames: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the gains and offsets (t,) that take an image (p,) to frames (p x t) at the least l1 distance."""
    weights = np.ones_like(frames)
    for _ in range(steps):
        total = weights.sum(axis=0)
        centre, level = still @ weights / total, np.sum(weights * frames, axis=0) / total
        apart = still[:, None] - centre
        spread = np.sum(weights * apart**2, axis=0)
        gain = np.sum(weights * apart * frames, axis=0) / np.maximum(spread, np.finfo(float).tiny)
        offset = level - gain * centre
        weights = 1 / np.maximum(np.abs(frames - np.outer(still, gain) - offset), SMALLEST_RESIDUAL)
    return gain, offset
