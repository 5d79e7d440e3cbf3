"""Trains a network whose convolutions are separable from the start: low rank as a regularisation, not a decomposition.

Each convolution is a vertical one, of K filters, and a horizontal one, without anything between them. The ranks are the
largest of which the numbers are those of the dense layer over the published reductions: 10, 51 and 51 in the network of
the paper. The factors are drawn so that their product has the variance of a dense kernel.

Tai, Xiao, Zhang, Wang and E, Convolutional neural networks with low-rank regularization, ICLR 2016, arXiv 1511.06067.
Departure from the paper: the recipe of the suite's networks, without norms, dropout and augmentation.
"""

from collections.abc import Sequence

import numpy as np

from benchmark.algorithms.execution import Executed
from benchmark.algorithms.layers import Factored, Layer, separable_stages
from benchmark.algorithms.networks import Recipe
from benchmark.algorithms.training import answer, dense_network, fit, rank_over, task_of
from benchmark.contract import Estimate, Problem, Skipped

LABEL = "Separable network (Tai)"
FAMILY = "separable filters"
TASKS = {"train"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    reductions: Sequence[float] = (1.4545, 5.378, 8.366),
    epochs: int = 15,
    rate: float = 3e-3,
) -> Estimate:
    """Return two convolutions in place of each, whose numbers `reductions` divide, and the other layers whole."""
    task, rng = task_of(problem), np.random.default_rng(seed)
    network = dense_network(task, rng)
    convolutions = [name for name, layer in task.layers.items() if layer.kernel[0, 0].size > 1]
    if len(convolutions) != len(reductions):
        raise Skipped(
            f"separable_network needs the reductions of {len(convolutions)} layers, and has {len(reductions)}"
        )
    for name, reduction in zip(convolutions, reductions, strict=True):
        layer = task.layers[name]
        network[name] = Executed(random_factors(layer, rank_of(layer, reduction), rng), layer)
    fit(task, network, Recipe(epochs, rate, seed=seed))
    return answer(network)


def rank_of(layer: Layer, reduction: float) -> int:
    """Return the largest rank K with K (C h + N w) numbers up to those of the layer over a reduction, at least one."""
    outputs, inputs, height, width = layer.sizes
    return rank_over(layer, reduction, (inputs * height, outputs * width))


def random_factors(layer: Layer, rank: int, rng: np.random.Generator) -> Factored:
    """Return two convolutions, of uniform numbers."""
    outputs, inputs, height, width = layer.sizes
    vertical = rng.uniform(-1, 1, (inputs * height, rank)) / np.sqrt(inputs * height)
    horizontal = rng.uniform(-1, 1, (rank, outputs * width)) * np.sqrt(3 / (rank * width))
    return separable_stages(vertical, horizontal, layer.sizes)
