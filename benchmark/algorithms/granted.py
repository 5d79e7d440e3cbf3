"""What a protocol may or may not tell: a method that cannot do without it is skipped where it is not told."""

import numpy as np

from benchmark.contract import Problem, Skipped
from benchmark.noise import Noise


def rank_of(method: str, problem: Problem) -> int:
    """Return the rank of a problem; raises Skipped, in the name of the method, where none is told."""
    if problem.rank is None:
        raise Skipped(f"{method} needs the rank, and this problem tells none")
    return problem.rank


def noise_of(method: str, problem: Problem) -> Noise:
    """Return the noise model of a problem; raises Skipped, in the name of the method, where none is told."""
    if problem.noise is None:
        raise Skipped(f"{method} needs the noise level, and this problem names no noise model")
    return problem.noise


def sigma_of(method: str, problem: Problem) -> float:
    """Return the root of the mean variance of a problem's noise; raises Skipped as `noise_of` does."""
    return float(np.sqrt(mean_variance(noise_of(method, problem), problem.observed)))


def mean_variance(noise: Noise, observed: np.ndarray) -> float:
    """Return the mean variance of the noise of an observation, free of bias, as the models' is affine in the mean."""
    mean = np.full(observed.shape[-1:], observed.mean(dtype=np.float64))  # of each band: levels may be their own
    return float(noise.variance(mean).mean())
