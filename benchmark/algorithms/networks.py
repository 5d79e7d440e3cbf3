"""Small networks as data: a program of a few operations and its parameters by name, run, trained and tested by torch.

A program is a list of lines, one an operation on images (n x channels x height x width) or features (n x features):

    conv NAME STRIDE PADDING [GROUPS [DILATION]]    with the parameters NAME.weight and, if there is one, NAME.bias
    dense NAME                                      likewise, on features
    norm NAME                                       NAME.weight, .bias, .running_mean, .running_var
    scale NUMBER                                    divides by it
    relu, pool (2 x 2, the largest), mean (over all pixels), flatten
    keep, add                                       a shortcut from the one to the other

A shortcut to fewer pixels and more channels takes every other pixel, and zeros before and after its channels: option A
of He, Zhang, Ren and Sun, Deep residual learning for image recognition, CVPR 2016, DOI 10.1109/CVPR.2016.90.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

Parameters = dict[str, torch.Tensor]
# What stands in for a layer, by the layer's name.
Layers = Mapping[str, Callable[[torch.Tensor], torch.Tensor]]
BATCH = 250  # images that are run at a time where nothing is trained


@dataclass(frozen=True)
class Convolution:
    """Where a layer of a program stands in its images: stride, padding, groups and dilation."""

    stride: int = 1
    padding: int = 0
    groups: int = 1
    dilation: int = 1


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: Adam with a rate that falls to zero as a cosine, and cross-entropy, from a seed."""

    epochs: int
    rate: float
    batch: int = 64
    seed: int = 0


def convolution_of(program: Sequence[str], name: str) -> Convolution:
    """Return how the layer of that name convolves; a dense one is a convolution of single pixels."""
    for line in program:
        operation, *words = str(line).split()
        if words[:1] == [name] and operation in ("conv", "dense"):
            return Convolution(*map(int, words[1:]))
    raise ValueError(f"the program has no layer {name!r}")


def initial(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, np.ndarray]:
    """Return weights and biases of layers by their weights' shapes, uniform within 1 / sqrt(inputs of an output)."""
    rng, parameters = np.random.default_rng(seed), {}
    for name, shape in shapes.items():
        bound = np.prod(shape[1:]) ** -0.5
        parameters[f"{name}.weight"] = rng.uniform(-bound, bound, shape).astype(np.float32)
        parameters[f"{name}.bias"] = rng.uniform(-bound, bound, shape[0]).astype(np.float32)
    return parameters


def tensors_of(arrays: Mapping[str, np.ndarray]) -> Parameters:
    """Return copies of parameters as tensors."""
    return {name: torch.tensor(own, dtype=torch.float32) for name, own in arrays.items()}


def forward(
    program: Sequence[str],
    parameters: Parameters,
    images: torch.Tensor,
    layers: Layers | None = None,
    seen: dict[str, tuple[torch.Tensor, torch.Tensor]] | None = None,
    statistics: bool = False,
) -> torch.Tensor:
    """Return the scores of the classes, n x classes.

    `layers` stand in for those of their names. What goes into each layer and what comes out of it is put into `seen`.
    With `statistics`, each norm takes those of its inputs, and writes them into the parameters.
    """
    x, kept = images, []
    for line in program:
        operation, *words = str(line).split()
        if operation in ("conv", "dense"):
            before = x
            x = _layer(operation, words[0], convolution_of([line], words[0]), parameters, x, layers or {})
            if seen is not None:
                seen[words[0]] = before, x
        elif operation == "norm":
            x = _norm(words[0], parameters, x, statistics)
        elif operation == "scale":
            x = x / float(words[0])
        elif operation == "relu":
            x = functional.relu(x)
        elif operation == "pool":
            x = functional.max_pool2d(x, 2)
        elif operation == "mean":
            x = x.mean((2, 3))
        elif operation == "flatten":
            x = x.flatten(1)
        elif operation == "keep":
            kept.append(x)
        elif operation == "add":
            x = x + _shortcut(kept.pop(), x.shape)
        else:
            raise ValueError(f"the program has an operation {operation!r}, which is unknown")
    return x


def _layer(
    kind: str, name: str, own: Convolution, parameters: Parameters, x: torch.Tensor, layers: Layers
) -> torch.Tensor:
    if name in layers:
        return layers[name](x) if kind == "conv" else layers[name](x[..., None, None]).flatten(1)
    weight, bias = parameters[f"{name}.weight"], parameters.get(f"{name}.bias")
    if kind == "dense":
        return functional.linear(x, weight, bias)
    return functional.conv2d(x, weight, bias, own.stride, own.padding, own.dilation, own.groups)


def _norm(name: str, parameters: Parameters, x: torch.Tensor, statistics: bool) -> torch.Tensor:
    if statistics:
        parameters[f"{name}.running_var"], parameters[f"{name}.running_mean"] = torch.var_mean(x, (0, 2, 3))
    keys = ("running_mean", "running_var", "weight", "bias")
    return functional.batch_norm(x, *(parameters[f"{name}.{key}"] for key in keys))


def _shortcut(x: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    step, more = x.shape[2] // shape[2], shape[1] - x.shape[1]
    return functional.pad(x[:, :, ::step, ::step], (0, 0, 0, 0, more // 2, more - more // 2))


def answers(
    program: Sequence[str], parameters: Parameters, images: torch.Tensor, layers: Layers | None = None
) -> np.ndarray:
    """Return the class of each image, n, as the network has it."""
    with torch.no_grad():
        parts = [forward(program, parameters, part, layers).argmax(1) for part in images.split(BATCH)]
    return torch.cat(parts).numpy()


def train(
    program: Sequence[str],
    parameters: Parameters,
    images: torch.Tensor,
    labels: torch.Tensor,
    recipe: Recipe,
    layers: Layers | None = None,
    others: Sequence[torch.Tensor] = (),
) -> None:
    """Train the parameters in place, and `others`, which the `layers` that stand in are made of.

    The statistics of norms stay as they are, and so do layers for which others stand in.
    """
    replaced = tuple(f"{name}." for name in layers or {})
    own = [value for name, value in parameters.items() if not name.startswith(replaced) and "running_" not in name]

    def loss(batch: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(forward(program, parameters, images[batch], layers), labels[batch])

    descend([*own, *others], len(images), recipe, loss)


def descend(
    values: Sequence[torch.Tensor],
    number: int,
    recipe: Recipe,
    loss: Callable[[torch.Tensor], torch.Tensor],
    settle: Callable[[float], None] | None = None,
) -> None:
    """Lower the loss of batches of a number of images, in place; `settle` is called after each step, with its rate."""
    for value in values:
        value.requires_grad_()
    optimiser, step = Adam(values), 0
    steps = recipe.epochs * -(-number // recipe.batch)
    draw = torch.Generator().manual_seed(recipe.seed)
    for _ in range(recipe.epochs):
        for batch in torch.randperm(number, generator=draw).split(recipe.batch):
            rate = recipe.rate * (1 + math.cos(math.pi * step / steps)) / 2
            optimiser.step(torch.autograd.grad(loss(batch), values), rate)
            if settle is not None:
                with torch.no_grad():
                    settle(rate)
            step += 1
    for value in values:
        value.requires_grad_(False)


class Adam:
    """Adam with its usual settings, of Kingma and Ba, arXiv 1412.6980, algorithm 1.

    Not torch's, which it equals: the first optimiser of a process imports for a second, in each of a hundred jobs.
    """

    def __init__(self, values: Sequence[torch.Tensor]):
        self.values, self.number = values, 0
        self.means, self.squares = ([torch.zeros_like(own) for own in values] for _ in range(2))

    @torch.no_grad()
    def step(self, gradients: Sequence[torch.Tensor], rate: float) -> None:
        """Take a step against the gradients of all values, in place."""
        self.number += 1
        for value, mean, square, gradient in zip(self.values, self.means, self.squares, gradients, strict=True):
            mean.lerp_(gradient, 0.1)
            square.lerp_(gradient**2, 0.001)
            spread = (square / (1 - 0.999**self.number)).sqrt_().add_(1e-8)
            value.addcdiv_(mean, spread, value=-rate / (1 - 0.9**self.number))
