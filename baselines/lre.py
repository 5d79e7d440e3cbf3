"""Gives each input channel a few separable filters, and represents all its filters by them: low-rank expansion.

Of channel c the slices W[n, c] are a sum over b of weights a[n, b] times the outer product of a column and a row. Three
convolutions: columns and rows, channel by channel, and single pixels, C B -> N.

Jaderberg, Vedaldi and Zisserman, Speeding up convolutional neural networks with low rank expansions, BMVC 2014, DOI
10.48550/arXiv.1405.3866: the first scheme, with separable filters for a basis. It is our reading of the row LRE of the
LRDKT paper, which prints no formula; alternating least squares by TensorLy take the place of descent. Rank: the largest
that the budget allows.
"""

import numpy as np
from tensorly.decomposition import parafac

from benchmark.algorithms.layers import Factored, Layer, Stage, compressed, largest, needs_pixels
from benchmark.contract import Estimate, Problem

LABEL = "Separable basis of each channel (LRE)"
FAMILY = "separable filters"
TASKS = {"compress"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 100) -> Estimate:
    """Return three convolutions for each layer."""
    return compressed(problem, lambda layer: factorise(layer, iterations, seed))


def factorise(layer: Layer, iterations: int, seed: int) -> Factored:
    """Return the three stages of a layer."""
    needs_pixels(layer)
    outputs, inputs, height, width = layer.sizes
    most = min(height * width, outputs * min(height, width))
    rank = largest(layer.budget, lambda rank: numbers(layer.sizes, rank), most)
    weights, columns, rows = [], [], []
    for channel in range(inputs):
        _, factors = parafac(layer.kernel[:, channel], rank, init="random", random_state=seed, n_iter_max=iterations)
        for kept, factor in zip((weights, columns, rows), factors, strict=True):
            kept.append(factor)
    terms = inputs * rank
    stages = [
        Stage(np.concatenate(columns, axis=1).T.reshape(terms, 1, height, 1), groups=inputs),
        Stage(np.concatenate(rows, axis=1).T.reshape(terms, 1, 1, width), groups=terms),
        Stage(np.concatenate(weights, axis=1).reshape(outputs, terms, 1, 1)),
    ]
    return Factored([stages])


def numbers(sizes: tuple[int, int, int, int], rank: int) -> int:
    """Return how many numbers are stored: B C (h + w) + N B C."""
    outputs, inputs, height, width = sizes
    return rank * inputs * (height + width + outputs)
