"""Minimises the asymptotic Frobenius loss among all shrinkages of singular values, at a known noise level.

X = 1 m^T + U eta(S) V^T with the observation Y = 1 m^T + U S V^T, a cube unfolded to (height * width) x bands, and the
optimal shrinkage eta. m holds the mean of each band of a cube, and the mean of all entries of a matrix, whose column
means would be as noisy as one more component. The rank follows from the noise; the given one is not used.

Gavish and Donoho, Optimal shrinkage of singular values, IEEE Transactions on Information Theory 63 (2017),
DOI 10.1109/TIT.2017.2653801.

Departures from the paper: it centres nothing, and it assumes white noise. Poisson noise is not: the plain variant takes
the mean of its variance, so that it leaves noise in bright bands and loses signal in dark ones. `stabilise` makes the
noise white with the generalised Anscombe transform first, and inverts that without bias (DOI 10.1109/TIP.2012.2202675).
"""

import numpy as np

from benchmark.algorithms.anscombe import stabilise as anscombe
from benchmark.algorithms.anscombe import unstabilise
from benchmark.algorithms.granted import noise_of, sigma_of
from benchmark.algorithms.lowrank import centred, fold, frobenius_shrinkage, right_singular
from benchmark.contract import Estimate, Factors, Problem, compose

LABEL = "Gavish-Donoho"
FAMILY = "singular-value shrinkage"
TASKS = {"denoise"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, stabilise: bool = False) -> Estimate:
    """Return factors of shapes H x W x r and B x r, or with `stabilise`, which needs Poisson noise, a signal."""
    if stabilise:
        noise = noise_of("gavish_donoho", problem)
        factors = shrink(anscombe(problem.observed, noise), sigma=1.0)
        return Estimate(signal=unstabilise(compose(factors), noise))
    return Estimate(factors=shrink(problem.observed, sigma_of("gavish_donoho", problem)))


def shrink(signal: np.ndarray, sigma: float) -> Factors:
    """Return the factors of a signal denoised at the noise level `sigma`, the means as their last component."""
    matrix, mean = centred(signal)
    singular_values, right = right_singular(matrix)
    shrunk = frobenius_shrinkage(singular_values, sigma, matrix.shape)
    kept = shrunk > 0
    left = matrix @ (right[:, kept] * (shrunk[kept] / singular_values[kept]))
    return fold(np.column_stack([left, np.ones(len(left))]), np.column_stack([right[:, kept], mean]), signal.shape)
