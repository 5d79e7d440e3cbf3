"""Trains a network with whole kernels by Adam: what all small ones are measured against.

With a `width` below 1, each layer but the last has that share of its channels alone: what a practitioner would do first
to have a smaller network.

The network is that of Tai, Xiao, Zhang, Wang and E, Convolutional neural networks with low-rank regularization, ICLR
2016, arXiv 1511.06067; the recipe is ours, and there is neither dropout nor augmentation.
"""

import numpy as np

from benchmark.algorithms.execution import Executed
from benchmark.algorithms.layers import Factored, Layer, Stage
from benchmark.algorithms.networks import Recipe
from benchmark.algorithms.training import answer, drawn, fit, task_of
from benchmark.contract import Estimate, Problem

LABEL = "Dense network"
FAMILY = "trained network"
TASKS = {"train"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem, *, seed: int, device: str, width: float = 1.0, epochs: int = 15, rate: float = 3e-3
) -> Estimate:
    """Return a convolution for each layer."""
    task, rng = task_of(problem), np.random.default_rng(seed)
    last = list(task.layers)[-1]
    network, before, kept = {}, None, None
    for name, layer in task.layers.items():
        outputs = layer.sizes[0] if name == last else max(1, round(width * layer.sizes[0]))
        inputs = layer.sizes[1] if before is None else layer.sizes[1] // before * kept
        network[name] = Executed(narrowed(layer, outputs, inputs, rng), layer)
        before, kept = layer.sizes[0], outputs
    fit(task, network, Recipe(epochs, rate, seed=seed))
    return answer(network)


def narrowed(layer: Layer, outputs: int, inputs: int, rng: np.random.Generator) -> Factored:
    """Return a layer of its first `outputs` channels, on its first `inputs` channels; the others are zero."""
    order = np.where(np.arange(layer.sizes[0]) < outputs, np.arange(layer.sizes[0]), -1)
    kernel = drawn(rng, outputs, inputs, *layer.sizes[2:])
    return Factored([[Stage(kernel, order=np.arange(inputs))]], order=order)
