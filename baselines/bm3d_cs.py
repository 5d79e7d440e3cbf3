"""Denoises what meets the measurements, at a falling level, and excites by such noise what was not measured.

X_k = P(D_k(X_k-1) + (1 - A^T A) sigma_k n), where P(X) = X + A^T (Y - A X), n is white noise of unit variance, D_k is a
denoiser for the standard deviation sigma_k, and X_0 = A^T Y. The last step has no noise.

Egiazarian, Foi and Katkovnik, Compressed sensing image reconstruction via recursive spatially adaptive filtering, IEEE
International Conference on Image Processing 2007, DOI 10.1109/ICIP.2007.4379013: BM3D-CS.

Without `excitation` it is the deterministic plug-and-play form. The denoisers are non-local means (`nlm`) and the first
stage of BM3D (`bm3d`, `fast_bm3d`), whose package is for non-commercial use only; see `benchmark.algorithms.plug_in`.

It is our reading: the program, for samples of low frequencies, takes hundreds of steps whose levels are not printed;
here sigma falls geometrically.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.compressive import measured
from benchmark.algorithms.plug_in import plug_in
from benchmark.contract import Estimate, Problem

LABEL = "BM3D-CS"
FAMILY = "plug-and-play"
TASKS = {"recover"}
OPERATORS = {"scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu"}
STOCHASTIC = True
LICENCE_NOTE = "non-commercial use only, with the denoiser bm3d"


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    denoiser: Literal["nlm", "bm3d", "fast_bm3d"] = "bm3d",
    excitation: bool = True,
    iterations: int = 40,
    first_sigma: float = 0.3,
    last_sigma: float = 0.01,
) -> Estimate:
    """Return the image, H x W, after `iterations` from the first sigma to the last."""
    check_choices(solve, denoiser=denoiser)
    known = measured(problem)
    denoise = plug_in("bm3d_cs", denoiser, known.operator.shape)
    rng = np.random.default_rng(seed)
    image = known.project(np.zeros(known.operator.shape))
    for done, sigma in enumerate(np.geomspace(first_sigma, last_sigma, iterations), start=1):
        image = denoise(image + known.mean, float(sigma)) - known.mean
        if excitation and done < iterations:
            # The projection takes away what this adds to the measurements.
            image = image + sigma * rng.standard_normal(image.shape)
        image = known.project(image)
    return Estimate(signal=known.mean + image, iterations=iterations)
