"""Random numbers in the place of trained ones, in the form of the separable scheme: the floor of every decomposition.

The kernels are uniform, as a network's are before it is trained; fine-tuning alone makes something of them. In a dense
layer they are our reading of Sainath, Kingsbury, Sindhwani, Arisoy and Ramabhadran, Low-rank matrix factorization for
deep neural network training with high-dimensional output targets, ICASSP 2013, DOI 10.1109/ICASSP.2013.6638949, who
train two matrices in the place of the last layer from scratch, with all others.
"""

import numpy as np

from benchmark.algorithms.layers import Factored, Layer, compressed, rank_of_two, separable_stages
from benchmark.contract import Estimate, Problem

LABEL = "Random factors"
FAMILY = "control"
TASKS = {"compress"}
DEVICES = {"cpu"}
CONTROL = True
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return a vertical and a horizontal convolution of each layer, of a dense one two matrices."""
    rng = np.random.default_rng(seed)
    return compressed(problem, lambda layer: drawn(layer, rng))


def drawn(layer: Layer, rng: np.random.Generator) -> Factored:
    """Return stages of the largest rank, uniform within 1 / sqrt(inputs of an output)."""
    outputs, inputs, height, width = layer.sizes
    rank = rank_of_two(layer.budget, (inputs * height, outputs * width))
    vertical = rng.uniform(-1, 1, (inputs * height, rank)) / np.sqrt(inputs * height)
    horizontal = rng.uniform(-1, 1, (rank, outputs * width)) / np.sqrt(rank * width)
    return separable_stages(vertical, horizontal, layer.sizes)
