"""Leaves out the filters whose channels the loss would miss least, to first order: their channels become zero.

The criterion of a channel is the mean over images of |mean over places of a dL/da|, where a are its outputs and L is
the loss of the image.

Molchanov, Tyree, Karras, Aila and Kautz, Pruning convolutional neural networks for resource efficient inference, ICLR
2017, arXiv 1611.06440, equation 8; it is the row TE of the LRDKT paper. Departure from the paper: all at once, not one
by one with training between. As many filters are kept as the budget allows; the next layer's savings are not counted.
"""

import numpy as np

from benchmark.algorithms.layers import compressed, kept_filters, patches
from benchmark.contract import Estimate, Problem

LABEL = "Taylor pruning of filters (TE)"
FAMILY = "pruning"
TASKS = {"compress"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the filters of each layer that are kept."""
    return compressed(problem, lambda layer: kept_filters(layer, missed(layer)))


def missed(layer) -> np.ndarray:
    """Return the criterion of each filter, (N,)."""
    met = patches(layer)
    outputs = met.reshape(*met.shape[:2], -1) @ layer.kernel.reshape(len(layer.kernel), -1).T + layer.bias
    gradients = layer.gradients.reshape(*layer.gradients.shape[:2], -1).transpose(0, 2, 1)
    return np.abs((outputs * gradients).mean(axis=1)).mean(axis=0)
