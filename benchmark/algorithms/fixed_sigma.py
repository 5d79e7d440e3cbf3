"""Denoisers for white noise of known standard deviation, applied to signals whose noise has another model.

What of the noise they are told, the `variance` of their files:

- `matched`: the root of the mean noise variance of each band, for every noise;
- `estimated`: nothing; that of each band is estimated from its finest diagonal Haar coefficients;
- `anscombe`: unit variance after the generalised Anscombe transform, with its unbiased inverse, for Poisson noise
  (Mäkitalo and Foi 2013, DOI 10.1109/TIP.2012.2202675).
"""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from benchmark.algorithms.anscombe import stabilise, unstabilise
from benchmark.algorithms.granted import noise_of
from benchmark.contract import Problem
from benchmark.stacks import as_stack

# From a stack H x W x N and the standard deviation of each band, of shape (N,), to the stack denoised.
StackDenoiser = Callable[[np.ndarray, np.ndarray], np.ndarray]


def denoise_stack(method: str, denoise: StackDenoiser, problem: Problem, variance: str) -> np.ndarray:
    """Return the signal, H x W or H x W x N, that a denoiser of stacks makes of a problem.

    Raises Skipped, in the name of the method, for a problem that names no noise model, unless that is not needed.
    """
    observed = problem.observed
    stack = as_stack(observed)
    if variance == "estimated":
        return denoise(stack, estimated_sigmas(stack)).reshape(observed.shape)
    noise = noise_of(method, problem)
    if variance == "anscombe":
        denoised = unstabilise(denoise(stabilise(stack, noise), np.ones(stack.shape[2])), noise)
    else:
        # The models' variance is affine in the mean, so that this is the mean variance, free of bias.
        denoised = denoise(stack, np.sqrt(noise.variance(stack.mean(axis=(0, 1)))))
    return denoised.reshape(observed.shape)


def estimated_sigmas(stack: np.ndarray) -> np.ndarray:
    """Return the noise level of each band of a stack: the median of |HH| / 0.6745, HH the finest of the Haar wavelet.

    Donoho and Johnstone, Ideal spatial adaptation by wavelet shrinkage, Biometrika 81 (1994),
    DOI 10.1093/biomet/81.3.425.
    """
    even = stack[: len(stack) // 2 * 2, : stack.shape[1] // 2 * 2]
    diagonal = (even[::2, ::2] - even[1::2, ::2] - even[::2, 1::2] + even[1::2, 1::2]) / 2
    return np.median(np.abs(diagonal), axis=(0, 1)) / ndtri(0.75)


def band_by_band(denoise: Callable[[np.ndarray, float], np.ndarray]) -> StackDenoiser:
    """Return the denoiser of stacks that applies one for images H x W to each band on its own."""

    def denoise_bands(stack: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
        bands = np.ascontiguousarray(np.moveaxis(stack, 2, 0))
        return np.stack([denoise(band, sigma) for band, sigma in zip(bands, sigmas, strict=True)], axis=2)

    return denoise_bands


def at_unit_noise(denoise: Callable[[np.ndarray], np.ndarray]) -> StackDenoiser:
    """Return the denoiser of stacks that scales the noise of every band to unit variance for one that expects that."""

    def denoise_scaled(stack: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
        # A black band has no photon noise, nor anything to scale.
        scales = np.where(sigmas > 0, sigmas, 1.0)
        return denoise(stack / scales) * scales

    return denoise_scaled
