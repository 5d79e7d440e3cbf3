"""Denoisers of an image at a known standard deviation, that iterative methods plug in."""

from collections.abc import Callable

import numpy as np
from skimage.restoration import denoise_nl_means

from benchmark.algorithms.block_matching import bm3d_image, check_size
from benchmark.contract import Skipped
from benchmark.methods import missing_packages

Denoiser = Callable[[np.ndarray, float], np.ndarray]


def plug_in(method: str, name: str, shape: tuple[int, ...]) -> Denoiser:
    """Return a denoiser of images of `shape` by name.

    Raises Skipped, in the name of the method, where it needs a package that is not installed or larger images.
    """
    if name != "nlm":
        if missing_packages(["bm3d"]):
            raise Skipped(f"{method} with the denoiser {name} needs the package bm3d: pip install bm3d")
        check_size(method, shape)
    return DENOISERS[name]


def nlm(image: np.ndarray, sigma: float) -> np.ndarray:
    """Return an image denoised by non-local means: patches of 5 x 5, up to 8 pixels away, h = 0.8 sigma."""
    if sigma == 0:  # no patch is like another, and the weights are undefined
        return image
    settings = {"patch_size": 5, "patch_distance": 8, "preserve_range": True}
    return denoise_nl_means(image, h=0.8 * sigma, sigma=sigma, fast_mode=True, **settings)


def bm3d(image: np.ndarray, sigma: float) -> np.ndarray:
    """Return an image denoised by the first stage of BM3D."""
    return bm3d_image(image, sigma, first_stage=True)


def fast_bm3d(image: np.ndarray, sigma: float) -> np.ndarray:
    """Return an image denoised by the first stage of BM3D in its profile of low complexity, thrice as fast."""
    return bm3d_image(image, sigma, first_stage=True, fast=True)


DENOISERS: dict[str, Denoiser] = {"nlm": nlm, "bm3d": bm3d, "fast_bm3d": fast_bm3d}
