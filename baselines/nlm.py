"""Averages pixels whose surroundings look alike, image by image: non-local means.

Each pixel becomes the mean of those up to 11 rows and columns away, weighted by exp(-max(d^2, 0) / h^2), where d^2 is
the mean over the patches around the two, 7 x 7 pixels, of their squared difference less 2 sigma^2.

Buades, Coll and Morel, A non-local algorithm for image denoising, IEEE Computer Society Conference on Computer Vision
and Pattern Recognition 2005, DOI 10.1109/CVPR.2005.38; in the fast form of Darbon et al., Fast nonlocal filtering
applied to electron cryomicroscopy, IEEE International Symposium on Biomedical Imaging 2008,
DOI 10.1109/ISBI.2008.4541250.

The sizes are the defaults of scikit-image, and h = 0.8 sigma, as its documentation recommends for this form. sigma is
the root of the mean noise variance of the image (`matched`), or 1 after the generalised Anscombe transform, which
Poisson noise alone has (`anscombe`, DOI 10.1109/TIP.2012.2202675). Departures of scikit-image: it sums over 6 x 6 of
the 49 pixels, and leaves weights below exp(-5) out.
"""

from typing import Literal

import numpy as np
from skimage.restoration import denoise_nl_means

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.fixed_sigma import band_by_band, denoise_stack
from benchmark.contract import Estimate, Problem

LABEL = "Non-local means"
FAMILY = "patch-based"
TASKS = {"denoise"}
DEVICES = {"cpu"}


def solve(
    problem: Problem, *, seed: int, device: str, variance: Literal["matched", "anscombe"] = "matched"
) -> Estimate:
    """Return the signal, of shape H x W or H x W x B, each image denoised on its own."""
    check_choices(solve, variance=variance)
    return Estimate(signal=denoise_stack("nlm", band_by_band(filter_image), problem, variance))


def filter_image(image: np.ndarray, sigma: float) -> np.ndarray:
    """Return an image H x W denoised at the standard deviation `sigma`."""
    if sigma == 0:  # no patch is like another, and the weights are undefined
        return image
    return denoise_nl_means(image, h=0.8 * sigma, sigma=sigma, preserve_range=True)
