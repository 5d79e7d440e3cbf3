"""Replaces each pixel that is exactly 0 or 1 by the Gaussian-weighted mean of the other pixels around it.

x = (g * (c y)) / (g * c), image by image, with the certainty c = 0 where y is 0 or 1 and 1 elsewhere, and a Gaussian g.

Knutsson and Westin, Normalized and differential convolution, IEEE Conference on Computer Vision and Pattern Recognition
1993, DOI 10.1109/CVPR.1993.341081: normalised averaging.

Departures from the paper: pixels of any other value stay as they are, since salt and pepper leaves intact entries
exact; and where g, cut off at four standard deviations, reaches no certain pixel, as in a black part of an image, the
majority of the zeros and ones there decides. The standard deviation is the one of 0.5, 0.7, 1, 1.4, 2 and 2.8 pixels
with the smallest error at intact entries that were made outliers for the choice (see
`benchmark.algorithms.salt_and_pepper`).
"""

from math import ceil

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from benchmark.algorithms.held_out import best_setting
from benchmark.algorithms.salt_and_pepper import suspects, with_hidden_entries
from benchmark.contract import Estimate, Problem

LABEL = "Normalised convolution"
FAMILY = "filters and interpolation"
TASKS = {"outliers"}
DEVICES = {"cpu"}

SIGMAS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)


def solve(problem: Problem, *, seed: int, device: str, sigma: float | None = None) -> Estimate:
    """Return the filled images, of the shape observed; `sigma` sets the standard deviation of g, in pixels."""
    observed = problem.observed.astype(np.float64)
    if sigma is None:
        harder, hidden = with_hidden_entries(observed)
        sigma = best_setting(SIGMAS, lambda width: filled(harder, width), observed, hidden)
    return Estimate(signal=filled(observed, sigma))


def filled(observed: np.ndarray, sigma: float) -> np.ndarray:
    """Return the images with the suspects among their pixels replaced by normalised averages."""
    certain, radius = ~suspects(observed), ceil(4 * sigma)
    weights = gaussian_filter(certain.astype(np.float64), sigma, radius=radius, axes=(0, 1))
    sums = gaussian_filter(np.where(certain, observed, 0), sigma, radius=radius, axes=(0, 1))
    majority = np.where(uniform_filter(observed, 2 * radius + 1, axes=(0, 1)) > 0.5, 1.0, 0.0)
    averages = np.divide(sums, weights, out=majority, where=weights > 0)
    return np.where(certain, observed, averages)
