"""Takes the Gaussian-weighted mean of the pixels around one that are certain.

x = (g * (c y)) / (g * c), with a certainty c of 0 or 1 and a Gaussian g. Of outliers (task `outliers`), what is exactly
0 or 1 is uncertain and is replaced, image by image. Of coded exposures (task `recover`) that open each pixel in at most
one frame, what is measured is certain, g is of space and time, and all entries are estimated.

Knutsson and Westin, Normalized and differential convolution, IEEE Conference on Computer Vision and Pattern Recognition
1993, DOI 10.1109/CVPR.1993.341081: normalised averaging.

Departures from the paper: pixels between 0 and 1 stay as they are, since salt and pepper leaves intact entries
exact; and where g, cut off at four standard deviations, reaches no certain pixel, as in a black part of an image, the
majority of the zeros and ones there decides, and in a video the mean of the samples. The standard deviation is the one
of 0.5, 0.7, 1, 1.4, 2 and 2.8 pixels with the smallest error at intact entries that were made outliers for the choice
(see `benchmark.algorithms.salt_and_pepper`); in a video, the pair of these and of as many frames with the smallest
error at a random twentieth of the measurements, held out.
"""

from itertools import product
from math import ceil

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from benchmark.algorithms.exposures import samples_of, split
from benchmark.algorithms.held_out import best_setting
from benchmark.algorithms.salt_and_pepper import suspects, with_hidden_entries
from benchmark.contract import Estimate, Operator, Problem

LABEL = "Normalised convolution"
FAMILY = "filters and interpolation"
TASKS = {"outliers", "recover"}
OPERATORS = {"coded_exposure"}
DEVICES = {"cpu"}
STOCHASTIC = True

SIGMAS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
# Of the sum of a window's weights: there is nothing certain within it below this.
OUT_OF_REACH = 1e-6


def solve(problem: Problem, *, seed: int, device: str, sigma: float | None = None) -> Estimate:
    """Return the filled images, of the shape observed, or the video; `sigma` sets the standard deviation of g.

    It is in pixels, and in frames too.
    """
    observed = problem.observed.astype(np.float64)
    if problem.operator is not None:
        return Estimate(signal=video_of(observed, problem.operator, sigma, seed))
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


def video_of(observed: np.ndarray, operator: Operator, sigma: float | None, seed: int) -> np.ndarray:
    """Return the video, H x W x T, of measurements H x W x exposures that are single entries of it."""
    samples, sampled = samples_of(observed, operator)
    pair = (sigma, sigma)
    if sigma is None:
        seen, held = split(observed, sampled, operator, seed)
        pair = best_setting(
            list(product(SIGMAS, SIGMAS)), lambda pair: operator(averaged(samples, seen, *pair)), observed, held
        )
    return averaged(samples, sampled, *pair)


def averaged(samples: np.ndarray, certain: np.ndarray, in_space: float, in_time: float) -> np.ndarray:
    """Return the normalised averages of a video, H x W x T, with windows of these standard deviations."""
    window = {"sigma": (in_space, in_space, in_time), "mode": "constant"}
    weights = gaussian_filter(certain.astype(np.float64), **window)
    sums = gaussian_filter(np.where(certain, samples, 0), **window)
    mean = np.full(samples.shape, samples[certain].mean())
    return np.divide(sums, weights, out=mean, where=weights > OUT_OF_REACH)
