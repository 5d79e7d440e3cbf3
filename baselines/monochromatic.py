"""Gives each filter one colour, of a few that filters share: minimises ||W_n - c_k(n) s_n||_F, for first layers.

The best colour of a filter is the first left singular vector of its C x h w matrix; k-means makes C' colours of these,
with their signs made alike, and the pixels s_n of each filter are then those of least squares. Two convolutions: single
pixels, C -> C', and one image of colour k(n) for each filter.

Denton, Zaremba, Bruna, LeCun and Fergus, Exploiting linear structure within convolutional networks for efficient
evaluation, NIPS 2014, DOI 10.48550/arXiv.1404.0736, section 3.2.1. C': the largest that the budget allows.
"""

import numpy as np

from benchmark.algorithms.clusters import k_means
from benchmark.algorithms.layers import Factored, Layer, Stage, compressed, largest, needs_pixels
from benchmark.contract import Estimate, Problem, Skipped

LABEL = "Monochromatic filters"
FAMILY = "clustering"
TASKS = {"compress"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return two convolutions for each layer of at least two input channels."""
    return compressed(problem, lambda layer: factorise(layer, seed))


def factorise(layer: Layer, seed: int) -> Factored:
    """Return the two stages of a layer."""
    needs_pixels(layer)
    outputs, inputs, height, width = layer.sizes
    if inputs == 1:
        raise Skipped("of grey images every filter has one colour already: nothing is to be saved")
    number = largest(layer.budget, lambda number: numbers(layer.sizes, number), outputs)
    matrices = layer.kernel.reshape(outputs, inputs, -1)
    colours = np.linalg.svd(matrices)[0][:, :, 0]
    colours *= np.sign(np.take_along_axis(colours, np.abs(colours).argmax(axis=1)[:, None], axis=1))
    groups = k_means(colours, number, np.random.default_rng(seed))
    shared = np.zeros((number, inputs))
    for group in np.unique(groups):  # the direction of a group, for all its pixels
        own = matrices[groups == group].transpose(1, 0, 2).reshape(inputs, -1)
        shared[group] = np.linalg.svd(own, full_matrices=False)[0][:, 0]
    pixels = np.einsum("nc,ncp->np", shared[groups], matrices)
    return Factored(
        [[Stage(shared[..., None, None]), Stage(pixels.reshape(outputs, 1, height, width), outputs, order=groups)]]
    )


def numbers(sizes: tuple[int, int, int, int], colours: int) -> int:
    """Return how many numbers are stored: C C' + h w N."""
    outputs, inputs, height, width = sizes
    return inputs * colours + height * width * outputs
