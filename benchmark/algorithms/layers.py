"""Layers of a network as methods of the task `compress` get them, and what they return: convolutions in their place.

A layer is a convolution of N x C x h x w numbers; a dense one, of N x C, has single pixels. What stands in for it are
branches, whose outputs are added; each is a chain of stages, which are convolutions, too. Exactly one stage of a branch
has the layer's height, and one its width, and the others there have 1; these stages have the layer's stride and padding
along that axis. Stored are the kernels of all stages. Not counted are biases, a scale for each stage, and the orders of
channels, unless these are longer than a pass over inputs and outputs needs (see `stored` of
`benchmark.algorithms.execution`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.contract import Estimate, Problem, Skipped

# Up to so many channels are those of images, and more those of layers.
COLOURS = 3


@dataclass(frozen=True)
class Layer:
    """A layer as a method sees it: its kernel (N x C x h x w), its bias (N,), and how many numbers may be stored.

    `inputs` (n x C x H x W) go into it for calibration images, and `gradients` (n x N x H' x W') are those of the loss
    with respect to what then comes out.
    """

    kernel: np.ndarray
    bias: np.ndarray
    budget: int
    stride: int
    padding: int
    inputs: np.ndarray
    gradients: np.ndarray

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """N, C, h and w."""
        return self.kernel.shape


@dataclass(frozen=True)
class Stage:
    """A convolution of a chain, with a kernel of shape (outputs, inputs of a group, height, width).

    Its inputs are the channels `order` of what comes before, in that order, of which some may stand there again, and -1
    is a channel of zeros. A kernel that the groups share is stored once. With a `scale` the kernel holds whole numbers,
    which are stored in as many bits as they need, 32 of which count as a number; the scale multiplies them.
    """

    kernel: np.ndarray
    groups: int = 1
    shared: bool = False
    order: np.ndarray | None = None
    scale: float | None = None


@dataclass(frozen=True)
class Factored:
    """What stands in for a layer: branches of stages, the `order` of what they make, and a bias other than its own."""

    branches: Sequence[Sequence[Stage]]
    order: np.ndarray | None = None
    bias: np.ndarray | None = None


def layers_of(problem: Problem) -> list[Layer]:
    """Return the layers of a problem; each may store the share of its numbers that the budget is of all."""
    granted = problem.granted
    if problem.budget is None:
        raise ValueError("the data set tells no budget: give it a `budget`, or a `reduction`")
    weights, layers, first = problem.observed.astype(np.float64) * granted["scale"], [], 0
    for number, shape in enumerate(granted["shapes"]):
        size = int(np.prod(shape))
        layers.append(
            Layer(
                kernel=weights[first : first + size].reshape(shape),
                budget=size * problem.budget // len(weights),
                stride=int(granted["strides"][number]),
                padding=int(granted["paddings"][number]),
                **{name: granted[f"{name}{number}"].astype(np.float64) for name in ("bias", "inputs", "gradients")},
            )
        )
        first += size
    return layers


def compressed(problem: Problem, factorise: Callable[[Layer], Factored], **facts: object) -> Estimate:
    """Return what a function makes of each layer, as the parts of an answer."""
    return answer_of([factorise(layer) for layer in layers_of(problem)], **facts)


def answer_of(layers: Sequence[Factored], **facts: object) -> Estimate:
    """Return what stands in for layers as the parts of an answer, `<layer>.<branch>.<stage>.kernel` and so on."""
    parts = {}
    for number, layer in enumerate(layers):
        parts |= _there(f"{number}", order=layer.order, bias=layer.bias)
        for branch, stages in enumerate(layer.branches):
            for place, stage in enumerate(stages):
                own = {"kernel": stage.kernel, "order": stage.order, "scale": stage.scale}
                own |= {"groups": stage.groups, "shared": stage.shared or None}
                parts |= _there(f"{number}.{branch}.{place}", **own)
    return Estimate(parts=parts, **facts)


def _there(place: str, **values: object) -> dict[str, np.ndarray]:
    return {f"{place}.{name}": np.asarray(own, np.float64) for name, own in values.items() if own is not None}


def chain(*kernels: np.ndarray) -> Factored:
    """Return one branch of plain convolutions."""
    return Factored([[Stage(kernel) for kernel in kernels]])


def largest(budget: int, numbers: Callable[[int], int], most: int) -> int:
    """Return the largest rank up to `most` that stores no more numbers than the budget.

    `numbers` says how many a rank stores, and rises with it. Raises Skipped where rank 1 stores more than the budget.
    """
    if numbers(1) > budget:
        raise Skipped(f"the least that it stores are {numbers(1)} numbers, and the budget is {budget}")
    rank = 1
    while rank < most and numbers(rank + 1) <= budget:
        rank += 1
    return rank


def rank_of_two(budget: int, shape: Sequence[int]) -> int:
    """Return the largest rank of two factors of a matrix of that shape which store no more than the budget."""
    return largest(budget, lambda rank: rank * sum(shape), min(shape))


def needs_pixels(layer: Layer) -> None:
    """Raise Skipped for a layer of single pixels."""
    if layer.kernel[0, 0].size == 1:
        raise Skipped("it factors kernels of several pixels, and this layer has single ones, as a dense layer has")


def halves(matrix: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Return A (m x rank) and B (rank x n), the best of that rank for a matrix, with the singular values in halves."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    roots = np.sqrt(values[:rank])
    return left[:, :rank] * roots, roots[:, None] * right[:rank]


def crossfiltered(kernel: np.ndarray, rank: int) -> Factored:
    """Return the best `rank` filters (rank x C x h x w) and their combinations (N x rank) for a kernel."""
    left, right = halves(kernel.reshape(len(kernel), -1), rank)
    return chain(right.reshape(rank, *kernel.shape[1:]), left[..., None, None])


def separable(kernel: np.ndarray) -> np.ndarray:
    """Return the kernel as the matrix M[(c, i), (n, j)] = W[n, c, i, j], of which separable terms are rank one."""
    outputs, inputs, height, width = kernel.shape
    return kernel.transpose(1, 2, 0, 3).reshape(inputs * height, outputs * width)


def separable_stages(vertical: np.ndarray, horizontal: np.ndarray, shape: Sequence[int]) -> Factored:
    """Return the vertical (C h x K) and horizontal (K x N w) factors of `separable` as a chain of two convolutions."""
    outputs, inputs, height, width = shape
    rank = vertical.shape[1]
    first = vertical.T.reshape(rank, inputs, height, 1)
    return chain(first, horizontal.reshape(rank, outputs, width).transpose(1, 0, 2)[:, :, None, :])


def patches(layer: Layer) -> np.ndarray:
    """Return what the kernel meets at every place of the inputs, as n x places x C x h x w."""
    _, _, height, width = layer.sizes
    edge = ((0, 0), (0, 0), (layer.padding,) * 2, (layer.padding,) * 2)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(layer.inputs, edge), (height, width), (2, 3))
    strided = windows[:, :, :: layer.stride, :: layer.stride]
    return strided.transpose(0, 2, 3, 1, 4, 5).reshape(len(strided), -1, layer.sizes[1], height, width)


def kept_filters(layer: Layer, worth: np.ndarray) -> Factored:
    """Return a layer with the filters of the largest worth (N,), as many as the budget allows; the others are zero."""
    outputs = len(worth)
    number = largest(layer.budget, lambda number: number * layer.kernel[0].size, outputs)
    kept = np.sort(np.argsort(-worth, kind="stable")[:number])
    order = np.full(outputs, -1)
    order[kept] = np.arange(number)
    return Factored([[Stage(layer.kernel[kept])]], order=order, bias=np.where(order < 0, 0, layer.bias))
