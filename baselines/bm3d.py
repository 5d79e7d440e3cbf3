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

from typing import Literal

import numpy as np

from benchmark.algorithms.block_matching import bm3d_image, check_size
from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.fixed_sigma import band_by_band, denoise_stack
from benchmark.algorithms.granted import noise_of
from benchmark.contract import Estimate, Problem
from benchmark.noise import Noise, Poisson
from benchmark.stacks import by_image

LABEL = "BM3D"
FAMILY = "patch-based"
TASKS = {"denoise"}
DEVICES = {"cpu"}
REQUIRES = ["bm3d"]
LICENCE_NOTE = "non-commercial use only"


def solve(
    problem: Problem, *, seed: int, device: str, variance: Literal["published", "matched", "anscombe"] = "anscombe"
) -> Estimate:
    """Return the signal, of shape H x W or H x W x B, each band denoised on its own."""
    check_choices(solve, variance=variance)
    check_size("bm3d", problem.observed.shape)
    if variance == "published":
        sigma = published_sigma(noise_of("bm3d", problem))
        return Estimate(signal=by_image(lambda band: bm3d_image(band, sigma), problem.observed))
    # A call of the package with all bands at once matches blocks in the first band alone.
    return Estimate(signal=denoise_stack("bm3d", band_by_band(bm3d_image), problem, variance))


def published_sigma(noise: Noise) -> float:
    """Return the standard deviation that the script of the DeepTensor authors gives to BM3D."""
    if not isinstance(noise, Poisson):
        raise ValueError(f"the published sigma of bm3d is for Poisson noise, not {noise}: use variance 'matched'")
    return int(np.sqrt(noise.photons)) / 255
