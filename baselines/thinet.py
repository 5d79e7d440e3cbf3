"""Leaves out the input channels without which a layer's outputs change least, and scales what is kept: ThiNet.

Of places drawn from the calibration images, each with a filter, the output is a sum over channels. Channels are left
out one by one, each time the one that makes the squared sum over all that are out the smallest; then each channel that
is kept gets the factor that least squares say.

Luo, Wu and Lin, ThiNet: a filter level pruning method for deep neural network compression, ICCV 2017, arXiv 1707.06342,
with its 10 places an image. As many channels are kept as the budget allows; that the layer before could leave out the
filters of the others is not counted.
"""

import numpy as np

from benchmark.algorithms.layers import Factored, Layer, Stage, compressed, largest, patches
from benchmark.contract import Estimate, Problem

LABEL = "ThiNet, pruning of inputs"
FAMILY = "pruning"
TASKS = {"compress"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, places: int = 10) -> Estimate:
    """Return a convolution of the input channels of each layer that are kept; `places` are drawn from each image."""
    rng = np.random.default_rng(seed)
    return compressed(problem, lambda layer: pruned(layer, places, rng))


def pruned(layer: Layer, places: int, rng: np.random.Generator) -> Factored:
    """Return the one stage of a layer."""
    outputs, inputs, height, width = layer.sizes
    number = largest(layer.budget, lambda number: number * outputs * height * width, inputs)
    terms = drawn_terms(layer, places, rng)
    kept = np.setdiff1d(np.arange(inputs), left_out(terms, inputs - number))
    factors = np.linalg.lstsq(terms[:, kept], terms.sum(axis=1), rcond=None)[0]
    return Factored([[Stage(layer.kernel[:, kept] * factors[:, None, None], order=kept)]])


def drawn_terms(layer: Layer, places: int, rng: np.random.Generator) -> np.ndarray:
    """Return what each input channel adds to an output, for random outputs: (images * places) x C."""
    met = patches(layer)
    images = np.repeat(np.arange(len(met)), places)
    chosen = rng.integers(met.shape[1], size=len(images))
    filters = layer.kernel[rng.integers(len(layer.kernel), size=len(images))]
    return np.einsum("mchw,mchw->mc", met[images, chosen], filters)


def left_out(terms: np.ndarray, number: int) -> list[int]:
    """Return so many columns, each the one that with those before it has the smallest squared sum over rows."""
    products = terms.T @ terms
    costs, out = np.diag(products).copy(), []
    for _ in range(number):
        out.append(int(np.argmin(costs)))
        costs += 2 * products[out[-1]]
        costs[out[-1]] = np.inf
    return out
