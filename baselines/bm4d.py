"""Shrinks the 4-D transforms of groups of similar cuboids of a volume: block matching and 4-D filtering (BM4D).

Maggioni et al., Nonlocal transform-domain filter for volumetric data denoising and reconstruction, IEEE Transactions on
Image Processing 22 (2013), DOI 10.1109/TIP.2012.2210725; in the implementation of Mäkinen et al., Collaborative
filtering of correlated noise, IEEE Transactions on Image Processing 29 (2020), DOI 10.1109/TIP.2020.3014721.

BM4D assumes white noise. What makes it white: each band is divided by the root of its mean noise variance (`matched`)
or by the level that is estimated from its Haar coefficients (`estimated`), or, for Poisson noise alone, the generalised
Anscombe transform is applied (`anscombe`, DOI 10.1109/TIP.2012.2202675).

The profile is the package's default: cuboids of 4 x 4 x 4 and 5 x 5 x 5 voxels, or, where there are fewer than 5 bands,
blocks of 8 x 8 pixels that are matched across bands. A matrix is a volume of one band.

Licence: the `bm4d` package is for non-commercial use only. It runs on one thread, so that its answer is reproducible.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.block_matching import check_size
from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.fixed_sigma import at_unit_noise, denoise_stack
from benchmark.contract import Estimate, Problem

LABEL = "BM4D"
FAMILY = "patch-based"
TASKS = {"denoise"}
DEVICES = {"cpu"}
REQUIRES = ["bm4d"]
LICENCE_NOTE = "non-commercial use only"

# The side of the largest cuboid.
MINIMUM_BANDS = 5


def solve(
    problem: Problem, *, seed: int, device: str, variance: Literal["matched", "anscombe", "estimated"] = "matched"
) -> Estimate:
    """Return the signal, of shape H x W or H x W x B, denoised as one volume."""
    check_choices(solve, variance=variance)
    check_size("bm4d", problem.observed.shape)
    return Estimate(signal=denoise_stack("bm4d", at_unit_noise(filter_volume), problem, variance))


def filter_volume(volume: np.ndarray) -> np.ndarray:
    """Return a volume H x W x B, whose noise is white and of unit variance, denoised."""
    # Imported here: the package is optional, and takes a second to load.
    import bm4d

    profile = bm4d.BM4DProfile() if volume.shape[2] >= MINIMUM_BANDS else bm4d.BM4DProfile2D()
    profile.num_threads = 1
    return bm4d.bm4d(volume, 1.0, profile)
