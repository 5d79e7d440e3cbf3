"""Shrinks the wavelet coefficients of each image by a threshold for each sub-band: BayesShrink.

d -> sign(d) max(|d| - t, 0) with t = sigma^2 / sigma_x, where sigma_x^2 = max(mean(d^2) - sigma^2, 0) is the variance
of the clean coefficients of the sub-band.

Chang, Yu and Vetterli, Adaptive wavelet thresholding for image denoising and compression, IEEE Transactions on Image
Processing 9 (2000), DOI 10.1109/83.862633; in the implementation of scikit-image.

As in the paper, the wavelet is sym8, orthogonal with eight vanishing moments, in four scales, or as many as fit into a
small image. sigma is the root of the mean noise variance of the image (`matched`), or 1 after the generalised Anscombe
transform, which Poisson noise alone has (`anscombe`, DOI 10.1109/TIP.2012.2202675).
"""

from typing import Literal

import numpy as np
import pywt
from skimage.restoration import denoise_wavelet

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.fixed_sigma import band_by_band, denoise_stack
from benchmark.contract import Estimate, Problem

LABEL = "Wavelets, BayesShrink"
FAMILY = "filters and interpolation"
TASKS = {"denoise"}
DEVICES = {"cpu"}

WAVELET = "sym8"
SCALES = 4


def solve(
    problem: Problem, *, seed: int, device: str, variance: Literal["matched", "anscombe"] = "matched"
) -> Estimate:
    """Return the signal, of shape H x W or H x W x B, each image denoised on its own."""
    check_choices(solve, variance=variance)
    return Estimate(signal=denoise_stack("wavelet", band_by_band(filter_image), problem, variance))


def filter_image(image: np.ndarray, sigma: float) -> np.ndarray:
    """Return an image H x W denoised at the standard deviation `sigma`."""
    scales = min(SCALES, max(1, pywt.dwtn_max_level(image.shape, WAVELET)))
    return denoise_wavelet(image, sigma=sigma, wavelet=WAVELET, wavelet_levels=scales, rescale_sigma=False)
