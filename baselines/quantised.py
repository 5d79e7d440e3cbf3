"""Rounds the weights of each layer to whole numbers of a few bits, at most 8, times a scale: uniform quantisation.

The scale is such that the largest magnitude becomes 2^(bits - 1) - 1, and the bits are as many as the budget allows:
8 where a quarter of the numbers of 32 bits may be stored. It is what a practitioner would do first.

Jacob et al., Quantization and training of neural networks for efficient integer-arithmetic-only inference, CVPR 2018,
arXiv 1712.05877. Departure from the paper: symmetric, for weights alone, and rounded again after fine-tuning.
"""

import numpy as np

from benchmark.algorithms.layers import Factored, Layer, Stage, compressed
from benchmark.contract import Estimate, Problem, Skipped

LABEL = "Quantised, 8 bits or fewer"
FAMILY = "quantisation"
TASKS = {"compress", "speed"}
DEVICES = {"cpu"}

MOST, FEWEST = 8, 2


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return one convolution of whole numbers and a scale for each layer."""
    return compressed(problem, quantise)


def quantise(layer: Layer) -> Factored:
    """Return the one stage of a layer."""
    bits = min(32 * layer.budget // layer.kernel.size, MOST)
    if bits < FEWEST:
        raise Skipped(f"{bits} bits a weight are left by a budget of {layer.budget}: it needs {FEWEST}")
    scale = float(np.abs(layer.kernel).max()) / (2 ** (bits - 1) - 1)
    return Factored([[Stage(np.round(layer.kernel / scale), scale=scale)]])
