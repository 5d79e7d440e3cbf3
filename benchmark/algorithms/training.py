"""Training of networks whose layers are chains of convolutions, and which the judge of `train` runs and counts.

A network is what stands in for each layer of a program, by the layer's name. It is trained by Adam, with a rate that
falls to zero as a cosine: the recipe of the other networks of this suite, where papers have stochastic gradient descent
and many times the epochs.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional

from benchmark.algorithms.execution import Executed
from benchmark.algorithms.layers import COLOURS, Factored, Layer, answer_of, chain, rank_of_two
from benchmark.algorithms.networks import Recipe, convolution_of, descend, forward
from benchmark.contract import Estimate, Problem

Network = dict[str, Executed]
# Of scores, of what went into and came out of each layer, and of which images these are.
Loss = Callable[[torch.Tensor, Mapping[str, tuple[torch.Tensor, torch.Tensor]], torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Task:
    """What a network is trained for: its program, its layers by name, images (n x C x H x W) and labels (n,)."""

    program: Sequence[str]
    layers: Mapping[str, Layer]
    images: torch.Tensor
    labels: torch.Tensor


def task_of(problem: Problem) -> Task:
    """Return what a problem grants."""
    granted = problem.granted
    layers = program_layers(granted["program"], granted["shapes"], problem.observed.shape[1:])
    images = torch.tensor(problem.observed, dtype=torch.float32)
    return Task(list(map(str, granted["program"])), layers, images, torch.tensor(granted["labels"]))


def program_layers(program: Sequence[str], shapes: np.ndarray, image: Sequence[int]) -> dict[str, Layer]:
    """Return the layers of a program by name, with zero weights of given shapes (L x 4), for images of C x H x W."""
    words = [str(line).split() for line in program]
    names = [own[1] for own in words if own[0] in ("conv", "dense")]
    kinds = [own[0] for own in words if own[0] in ("conv", "dense")]
    parameters = {
        f"{name}.weight": torch.zeros(tuple(shape if kind == "conv" else shape[:2]))
        for name, kind, shape in zip(names, kinds, shapes, strict=True)
    }
    seen = {}
    forward(program, parameters, torch.zeros(1, *image), seen=seen)
    layers = {}
    for name, shape in zip(names, shapes, strict=True):
        inputs, outputs = (own.reshape(*own.shape, *[1] * (4 - own.ndim)).numpy() for own in seen[name])
        own = convolution_of(program, name)
        layers[name] = Layer(
            np.zeros(shape), np.zeros(shape[0]), int(np.prod(shape)), own.stride, own.padding, inputs, outputs
        )
    return layers


def is_wide(layer: Layer) -> bool:
    """Tell whether a layer is a convolution of several pixels on more than colours, which has filters to share."""
    return layer.kernel[0, 0].size > 1 and layer.sizes[1] > COLOURS


def drawn(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return a kernel of numbers that are uniform within 1 / sqrt(inputs of an output)."""
    bound = np.prod(shape[1:]) ** -0.5
    return rng.uniform(-bound, bound, shape)


def dense_network(task: Task, rng: np.random.Generator) -> Network:
    """Return a network of whole kernels, before training."""
    return {name: Executed(chain(drawn(rng, *own.sizes)), own) for name, own in task.layers.items()}


def crossfilter_rank(layer: Layer, reduction: float) -> int:
    """Return how many filters and their combinations store a layer's numbers over `reduction`; at least one."""
    outputs, *others = layer.sizes
    return rank_over(layer, reduction, (outputs, math.prod(others)))


def rank_over(layer: Layer, reduction: float, shape: tuple[int, int]) -> int:
    """Return the largest rank of two factors of such a matrix with a layer's numbers over `reduction`, at least one."""
    return rank_of_two(max(int(layer.budget / reduction), sum(shape)), shape)


def run(task: Task, network: Network, images: torch.Tensor, seen: dict | None = None) -> torch.Tensor:
    """Return the scores of images, n x classes."""
    return forward(task.program, {}, images, network, seen)


def labels_loss(task: Task) -> Loss:
    """Return the cross-entropy of the labels."""
    return lambda scores, seen, batch: functional.cross_entropy(scores, task.labels[batch])


def fit(
    task: Task,
    network: Network,
    recipe: Recipe,
    loss: Loss | None = None,
    settle: Callable[[float], None] | None = None,
) -> None:
    """Train a network in place, by default for the labels; `settle` is called after each step, with its rate."""
    loss = loss or labels_loss(task)

    def of_batch(batch: torch.Tensor) -> torch.Tensor:
        seen = {}
        return loss(run(task, network, task.images[batch], seen), seen, batch)

    descend([value for own in network.values() for value in own.trained], len(task.images), recipe, of_batch, settle)


def answer(network: Network) -> Estimate:
    """Return a network as the parts of an answer, layer by layer."""
    return answer_of([factored(own) for own in network.values()])


def factored(own: Executed) -> Factored:
    """Return what stands in for a layer, with the kernels and the bias that it has now."""
    branches = [
        [replace(stage, kernel=kernel.numpy()) for stage, kernel in zip(stages, kernels, strict=True)]
        for stages, kernels in zip(own.factored.branches, own.kernels, strict=True)
    ]
    return Factored(branches, own.factored.order, own.bias.numpy())
