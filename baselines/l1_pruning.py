"""Leaves out the filters of the smallest l1 norm: their channels become zero.

Li, Kadav, Durdanovic, Samet and Graf, Pruning filters for efficient ConvNets, ICLR 2017, arXiv 1608.08710. As many
filters are kept as the budget allows. What the next layer could leave out, the inputs from these channels, is not
counted.
"""

import numpy as np

from benchmark.algorithms.layers import compressed, kept_filters
from benchmark.contract import Estimate, Problem

LABEL = "L1 pruning of filters"
FAMILY = "pruning"
TASKS = {"compress", "speed"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the filters of each layer that are kept."""
    return compressed(problem, lambda layer: kept_filters(layer, np.abs(layer.kernel).sum(axis=(1, 2, 3))))
