"""Denoises, with BM3D, a cube's images in the subspace that its spectra span: fast hyperspectral denoising (FastHyDe).

X = D(Y E) E^T, where Y is the observation, unfolded to (height * width) x bands and scaled to white noise of unit
variance, the columns of E are the first eigenvectors of Y^T Y / (height * width), and D denoises each column of Y E, an
eigen-image, by BM3D at sigma = 1.

Zhuang and Bioucas-Dias, Fast hyperspectral image denoising and inpainting based on low-rank and sparse representations,
IEEE Journal of Selected Topics in Applied Earth Observations and Remote Sensing 11 (2018),
DOI 10.1109/JSTARS.2018.2796570.

Poisson noise is made white by the generalised Anscombe transform, with its unbiased inverse
(DOI 10.1109/TIP.2012.2202675), other noise by the known level of each band. No rank is given: E has the eigenvectors
whose eigenvalues exceed the edge (1 + sqrt(bands / pixels))^2 of those of pure noise (Marchenko and Pastur 1967,
DOI 10.1070/SM1967v001n04ABEH001994). Departures from the paper: it estimates the noise by regression between bands, and
takes the subspace from HySime (DOI 10.1109/TGRS.2008.918089), which for white noise of unit variance keeps the
eigenvalues above 2: those whose signal outweighs the noise before BM3D. What it drops, BM3D still denoises.

A matrix, or a cube of one band, is its own eigen-image: the method is BM3D then. Licence: the `bm3d` package is for
non-commercial use only.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.block_matching import bm3d_image, check_size
from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.fixed_sigma import at_unit_noise, denoise_stack
from benchmark.algorithms.lowrank import signal_subspace, unfold
from benchmark.contract import Estimate, Problem
from benchmark.noise import Poisson
from benchmark.stacks import by_image

LABEL = "FastHyDe"
FAMILY = "patch-based"
TASKS = {"denoise"}
DEVICES = {"cpu"}
REQUIRES = ["bm3d"]
LICENCE_NOTE = "non-commercial use only"


def solve(problem: Problem, *, seed: int, device: str, level: Literal["told", "estimated"] = "told") -> Estimate:
    """Return the signal, of shape H x W or H x W x B; the noise level of each band is told, or estimated from it."""
    check_choices(solve, level=level)
    told = "anscombe" if isinstance(problem.noise, Poisson) else "matched"
    variance = told if level == "told" else level
    check_size("fasthyde", problem.observed.shape)
    return Estimate(signal=denoise_stack("fasthyde", at_unit_noise(denoise_whitened), problem, variance))


def denoise_whitened(cube: np.ndarray) -> np.ndarray:
    """Return a cube H x W x B, whose noise is white and of unit variance, denoised."""
    basis = signal_subspace(unfold(cube))
    return by_image(lambda eigen_image: bm3d_image(eigen_image, 1.0), cube @ basis) @ basis.T
