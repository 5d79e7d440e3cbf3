"""Keeps the weights at a few pixels of each filter, and predicts the others from them: kernel ridge regression.

With the Gaussian kernel k of a width of 1 pixel between places, the slice of each filter and channel is U w, where w
are the weights at the places that are kept and U = k(all, kept) (k(kept, kept) + lambda I)^-1. U is a convolution that
all channels share, and w one of single pixels. The places are chosen one by one, the one next that those before predict
worst.

Denil, Shakibi, Dinh, Ranzato and de Freitas, Predicting parameters in deep learning, NIPS 2013, DOI
10.48550/arXiv.1306.0543, sections 3.2 and 3.3. Our reading: the paper trains w and prints neither lambda, here 0.01,
nor the width. As many places are kept as the budget allows.
"""

import numpy as np

from benchmark.algorithms.layers import Factored, Layer, Stage, compressed, largest, needs_pixels
from benchmark.contract import Estimate, Problem

LABEL = "Predicted weights (Denil), our reading"
FAMILY = "kernel regression"
TASKS = {"compress", "speed"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, width: float = 1.0, ridge: float = 1e-2) -> Estimate:
    """Return two convolutions for each layer; `width` is in pixels, `ridge` is lambda."""
    return compressed(problem, lambda layer: predicted(layer, width, ridge))


def predicted(layer: Layer, width: float, ridge: float) -> Factored:
    """Return the two stages of a layer."""
    needs_pixels(layer)
    outputs, inputs, *pixels = layer.sizes
    number = largest(layer.budget, lambda number: number * (outputs * inputs + np.prod(pixels)), int(np.prod(pixels)))
    places = np.stack(np.meshgrid(*map(np.arange, pixels), indexing="ij"), axis=-1).reshape(-1, 2)
    kernel = np.exp(-np.sum((places[:, None] - places) ** 2, axis=2) / (2 * width**2))
    kept = spread(kernel, number)
    prediction = kernel[:, kept] @ np.linalg.inv(kernel[np.ix_(kept, kept)] + ridge * np.eye(number))
    weights = layer.kernel.reshape(outputs, inputs, -1)[..., kept].reshape(outputs, inputs * number, 1, 1)
    return Factored([[Stage(prediction.T.reshape(number, 1, *pixels), groups=inputs, shared=True), Stage(weights)]])


def spread(kernel: np.ndarray, number: int) -> list[int]:
    """Return so many places, each the one of the largest variance given those before it."""
    kept, rest = [], kernel.copy()
    for _ in range(number):
        kept.append(int(np.argmax(np.diag(rest))))
        column = rest[:, kept[-1]] / np.sqrt(rest[kept[-1], kept[-1]])
        rest = rest - np.outer(column, column)
    return kept
