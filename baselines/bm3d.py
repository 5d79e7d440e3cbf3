"""Shrinks the 3-D transforms of groups of similar patches, band by band: block matching and 3-D filtering (BM3D).

Dabov et al., Image denoising by sparse 3-D transform-domain collaborative filtering, IEEE Transactions on Image
Processing 16 (2007), DOI 10.1109/TIP.2007.901238; in the implementation of Mäkinen et al., Collaborative filtering of
correlated noise, IEEE Transactions on Image Processing 29 (2020), DOI 10.1109/TIP.2020.3014721.

BM3D assumes white noise of one standard deviation in a band. Variants:

- `published`: int(sqrt(photons)) / 255 for every band, as the script of the DeepTensor authors has it. For 100 photons
  that is 0.039, where the noise runs from 0.02 in the dark to 0.10 in the bright.
- `matched`: the root of the mean noise variance of the band.
- `anscombe`: unit variance after the generalised Anscombe transform, with its unbiased inverse
  (DOI 10.1109/TIP.2012.2202675).

Licence: the `bm3d` package is for non-commercial use only. It runs on one thread, so that its answer is reproducible.
"""

import numpy as np

from benchmark.anscombe import stabilise, unstabilise
from benchmark.contract import Estimate, Problem
from benchmark.noise import Poisson

LABEL = "BM3D"
TASKS = {"denoise"}
DEVICES = {"cpu"}
REQUIRES = ["bm3d"]
LICENCE_NOTE = "non-commercial use only"

VARIANTS = ("published", "matched", "anscombe")
# The blocks have 8 x 8 pixels; the package crashes on an image of exactly one block.
MINIMUM_SIDE = 9


def solve(problem: Problem, *, seed: int, device: str, variance: str = "anscombe") -> Estimate:
    """Return the signal, of shape H x W or H x W x B, each band denoised on its own."""
    observed, noise = problem.observed, problem.noise
    if variance not in VARIANTS:
        raise ValueError(f"unknown variance {variance!r}; bm3d has: {', '.join(VARIANTS)}")
    if noise is None:
        raise ValueError("bm3d needs the noise level, and this problem names no noise model")
    if min(observed.shape[:2]) < MINIMUM_SIDE:
        raise ValueError(f"bm3d needs images of at least {MINIMUM_SIDE} x {MINIMUM_SIDE} pixels, not {observed.shape}")
    bands = observed.reshape(*observed.shape[:2], -1).astype(np.float64)
    if variance == "anscombe":
        denoised = unstabilise(filter_bands(stabilise(bands, noise), np.ones(bands.shape[2])), noise)
    elif variance == "matched":
        # The models' variance is affine in the mean, so that this is the mean variance, free of bias.
        denoised = filter_bands(bands, np.sqrt(noise.variance(bands.mean(axis=(0, 1)))))
    else:
        denoised = filter_bands(bands, np.full(bands.shape[2], published_sigma(noise)))
    return Estimate(signal=denoised.reshape(observed.shape))


def published_sigma(noise: Poisson) -> float:
    """Return the standard deviation that the script of the DeepTensor authors gives to BM3D."""
    if not isinstance(noise, Poisson):
        raise ValueError(f"the published sigma of bm3d is for Poisson noise, not {noise}: use variance 'matched'")
    return int(np.sqrt(noise.photons)) / 255


def filter_bands(bands: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """Return an H x W x B stack with each band denoised by BM3D at its own standard deviation, of shape (B,)."""
    # Imported here: the package is optional, and takes a second to load.
    import bm3d

    profile = bm3d.BM3DProfile()
    profile.num_threads = 1
    # A call with all bands at once matches blocks in the first band alone.
    filtered = [bm3d.bm3d(band, sigma, profile) for band, sigma in zip(np.moveaxis(bands, 2, 0), sigmas, strict=True)]
    return np.stack(filtered, axis=2)
