"""Alternates between the videos that meet the measurements and frames of less total variation: GAP-TV.

With Phi the operator and R = Phi Phi^T, which is diagonal, each iteration of the accelerated generalised alternating
projection, from X = 0 and z = 0, is z <- z + Y - Phi X; V = X + Phi^T R^-1 (z - Phi X); X <- V with each frame
denoised by total variation.

Yuan, Generalized alternating projection based total variation minimization for compressive sensing, ICIP 2016,
DOI 10.1109/ICIP.2016.7532817. Weight and iterations are those of the author's scripts for coded videos (Yuan et al.,
Plug-and-play algorithms for large-scale snapshot compressive imaging, arXiv 2003.13654).
"""

import numpy as np
from skimage.restoration import denoise_tv_chambolle

from benchmark.contract import Estimate, Problem

LABEL = "GAP-TV"
FAMILY = "total variation"
TASKS = {"recover"}
OPERATORS = {"coded_exposure", "scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu"}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    weight: float = 0.3,
    iterations: int = 40,
    denoising_iterations: int = 5,
) -> Estimate:
    """Return the video, H x W x T, or image; `weight` and `denoising_iterations` are those of the denoiser."""
    observed, operator = problem.observed.astype(np.float64), problem.operator
    energies = operator(operator.adjoint(np.ones(observed.shape)))
    # A measurement of no frame at all says nothing.
    energies[energies == 0] = 1
    signal, target = np.zeros(operator.shape), np.zeros(observed.shape)
    for _ in range(iterations):
        measured = operator(signal)
        target += observed - measured
        signal = signal + operator.adjoint((target - measured) / energies)
        channel_axis = -1 if signal.ndim == 3 else None
        signal = denoise_tv_chambolle(signal, weight, max_num_iter=denoising_iterations, channel_axis=channel_axis)
    return Estimate(signal=signal, iterations=iterations)
