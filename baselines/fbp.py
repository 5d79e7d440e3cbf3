"""Inverts the Radon transform by filtered backprojection: X = pi / (2 n) A^T h(Y) for n projections.

h multiplies the spectrum of each projection by twice the absolute frequency in cycles a pixel, times a Hann window
where `filter` says so. Its kernel is sampled in space, so that the mean of the slice is right (Kak and Slaney,
Principles of Computerized Tomographic Imaging, 1988, DOI 10.1137/1.9780898719277, section 3.3). A^T is the adjoint of
the projection and not scikit-image's `iradon`, which agrees with it on slices of odd sizes but turns those of even
sizes about another centre, half a pixel away. The angles have to be spread evenly over 180 degrees.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.contract import Estimate, Problem

LABEL = "Filtered backprojection"
FAMILY = "classical reconstruction"
TASKS = {"recover"}
OPERATORS = {"radon"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, filter: Literal["ramp", "hann"] = "ramp") -> Estimate:
    """Return the signal, H x W x slices, of a sinogram of shape angles x W x slices."""
    check_choices(solve, filter=filter)
    sinogram = problem.observed.astype(np.float64)
    angles, width = sinogram.shape[:2]
    # Zeros beyond the border keep the ends of a projection apart, which a spectrum joins.
    length = max(64, 2 ** int(np.ceil(np.log2(2 * width))))
    response = 2 * ramp(length)
    if filter == "hann":
        response *= (1 + np.cos(2 * np.pi * np.fft.rfftfreq(length))) / 2
    spectrum = np.fft.rfft(sinogram, length, axis=1) * response.reshape(-1, *[1] * (sinogram.ndim - 2))
    filtered = np.fft.irfft(spectrum, length, axis=1)[:, :width]
    return Estimate(signal=np.pi / (2 * angles) * problem.operator.adjoint(filtered))


def ramp(length: int) -> np.ndarray:
    """Return the spectrum, (length / 2 + 1,), of the band-limited ramp filter sampled at whole pixels; about |f|."""
    position = np.minimum(np.arange(length), length - np.arange(length))
    odd = position % 2 == 1
    kernel = np.zeros(length)
    kernel[0] = 1 / 4
    kernel[odd] = -1 / (np.pi * position[odd]) ** 2
    return np.fft.rfft(kernel).real
