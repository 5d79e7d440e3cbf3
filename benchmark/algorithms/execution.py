"""Runs the convolutions that stand in for a layer, and counts what they store and multiply: the judge of `compress`.

What is counted and composed is what is run; nothing that an answer says of itself counts.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional

from benchmark.algorithms.layers import Factored, Layer, Stage
from benchmark.answers import MOST, named_parts

BITS = 32
# Entries of orders that count as nothing, for each input and output of a layer.
FREE = 2


def factored_of(parts: Mapping[str, np.ndarray], layers: int) -> list[Factored]:
    """Return what stands in for each layer, from the parts of an answer; raise ValueError for unknown parts."""
    known = {"kernel", "groups", "shared", "order", "scale"}
    found: dict[int, dict[int, dict[int, dict]]] = {number: {} for number in range(layers)}
    own: dict[int, dict] = {number: {} for number in range(layers)}
    for name, value in named_parts(parts).items():
        *place, key = name.split(".")
        numbers = [int(word) for word in place if word.isdecimal()]
        if len(numbers) != len(place) or not numbers or numbers[0] not in found:
            raise ValueError(f"the part {name!r} belongs to none of the {layers} layers")
        if len(numbers) == 3 and key in known:
            found[numbers[0]].setdefault(numbers[1], {}).setdefault(numbers[2], {})[key] = value
        elif len(numbers) == 1 and key in ("order", "bias"):
            own[numbers[0]][key] = value
        else:
            raise ValueError(f"the part {name!r} is unknown: a stage has {', '.join(sorted(known))}")
    return [
        Factored(
            [[_stage(stages[place]) for place in sorted(stages)] for _, stages in sorted(found[number].items())],
            order=_indices(own[number].get("order")),
            bias=own[number].get("bias"),
        )
        for number in range(layers)
    ]


def _stage(parts: Mapping[str, np.ndarray]) -> Stage:
    if "kernel" not in parts:
        raise ValueError(f"a stage has no kernel, but: {', '.join(parts)}")
    for name in ("groups", "shared", "scale"):
        if np.size(parts.get(name, 0)) != 1:
            raise ValueError(f"`{name}` has the shape {parts[name].shape}: it is one number for a stage")
    scale = float(parts["scale"].item()) if "scale" in parts else None
    groups, shared = int(_whole("groups", parts.get("groups", 1)).item()), bool(np.any(parts.get("shared", False)))
    return Stage(np.asarray(parts["kernel"]), groups, shared, _indices(parts.get("order")), scale)


def _indices(order: np.ndarray | None) -> np.ndarray | None:
    return None if order is None else _whole("order", order).astype(np.int64)


def _whole(name: str, values: np.ndarray) -> np.ndarray:
    """Return values that are whole numbers as they are; raise ValueError for others."""
    values = np.asarray(values)
    if other := values[values != np.round(values)].tolist():
        raise ValueError(f"`{name}` has the value {other[0]:g}: it holds whole numbers")
    return values


def checked(factored: Factored, layer: Layer) -> Factored:
    """Return what stands in for a layer if it can be run; else raise ValueError with the reason."""
    outputs, inputs, height, width = layer.sizes
    if not factored.branches:
        raise ValueError("a layer has no convolution in its place")
    for branch in factored.branches:
        channels = inputs
        for number, stage in enumerate(branch):
            channels = _checked_stage(stage, number, channels)
            if (most := max(channels, 0 if stage.order is None else len(stage.order))) > layer.kernel.size:
                raise ValueError(f"stage {number} has {most} channels, more than the layer has numbers")
        for axis, size in ((2, height), (3, width)):
            found = [stage.kernel.shape[axis] for stage in branch]
            long = [own for own in found if own > 1]
            if long not in ([], [size]) or (not long and size % 2 == 0):
                raise ValueError(f"stages of {found} pixels along an axis, where the layer has {size}")
        if channels != outputs and factored.order is None:
            raise ValueError(f"a branch ends in {channels} channels, and the layer in {outputs}")
        _check_order(factored.order, channels, outputs)
    if factored.bias is not None and factored.bias.shape != (outputs,):
        raise ValueError(f"a bias of shape {factored.bias.shape} for {outputs} channels")
    return factored


def _checked_stage(stage: Stage, number: int, channels: int) -> int:
    """Return how many channels a stage makes."""
    kernel = stage.kernel
    if kernel.ndim != 4 or not kernel.size:
        raise ValueError(f"the kernel of stage {number} has the shape {kernel.shape}; it has four axes")
    if stage.order is not None:
        _check_order(stage.order, channels, None)
        channels = len(stage.order)
    if stage.groups < 1 or kernel.shape[1] * stage.groups != channels:
        raise ValueError(
            f"stage {number} takes {kernel.shape[1]} channels in each of {stage.groups} groups, and gets {channels}"
        )
    if stage.scale is not None and not np.array_equal(kernel, np.round(kernel)):
        raise ValueError(f"stage {number} has a scale, and its kernel values that are no whole numbers")
    if stage.scale is not None and np.abs(kernel).max() >= MOST:
        raise ValueError(
            f"stage {number} has a scale, and its kernel a value of 2^53 or more, which no float tells apart"
        )
    if not stage.shared and kernel.shape[0] % stage.groups:
        raise ValueError(f"stage {number} makes {kernel.shape[0]} channels, which {stage.groups} groups do not divide")
    return kernel.shape[0] * (stage.groups if stage.shared else 1)


def _check_order(order: np.ndarray | None, channels: int, length: int | None) -> None:
    if order is None:
        return
    if order.ndim != 1 or not order.size or (length is not None and len(order) != length):
        raise ValueError(f"an order of shape {order.shape}, where {length or 'some'} channels are needed")
    if order.min() < -1 or order.max() >= channels:
        raise ValueError(f"an order from {order.min()} to {order.max()} of {channels} channels")


def bits_of(codes: np.ndarray) -> int:
    """Return in how many bits whole numbers can be stored, a sign among them."""
    return next(bits for bits in range(1, 65) if -(2 ** (bits - 1)) <= codes.min() and codes.max() < 2 ** (bits - 1))


def stored(factored: Factored, layer: Layer) -> float:
    """Return how many numbers of 32 bits the kernels are stored in, and the orders where these are long.

    Orders are free up to `FREE` entries, all of a layer together, for each of its inputs and outputs. More can pick a
    weight each out of a few, and so hold a kernel: each more counts in as many bits as its index needs.
    """
    stages = [stage for branch in factored.branches for stage in branch]
    kernels = sum(own.kernel.size * (1 if own.scale is None else bits_of(own.kernel) / BITS) for own in stages)
    orders = [own for own in (factored.order, *(stage.order for stage in stages)) if own is not None]
    beyond = sum(map(len, orders)) - FREE * sum(layer.sizes[:2])
    return kernels + (max(map(bits_of, orders)) * beyond / BITS if beyond > 0 else 0)


def multiplications(factored: Factored, layer: Layer) -> int:
    """Return how many multiplications an image takes, of the size of the layer's inputs."""
    total = 0
    for branch in factored.branches:
        height, width = layer.inputs.shape[2:]
        for stage, (stride, padding) in zip(branch, _steps(branch, layer, layer.stride, layer.padding), strict=True):
            height = (height + 2 * padding[0] - stage.kernel.shape[2]) // stride[0] + 1
            width = (width + 2 * padding[1] - stage.kernel.shape[3]) // stride[1] + 1
            total += stage.kernel.size * (stage.groups if stage.shared else 1) * height * width
    return total


def _steps(
    branch: Sequence[Stage], layer: Layer, stride: int, padding: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield the stride and the padding of each stage: those of the layer where the branch is long along an axis.

    Where it is not, its first stage has them, less the pixels on both sides of the middle one.
    """
    places = []
    for axis in (2, 3):
        long = [number for number, own in enumerate(branch) if own.kernel.shape[axis] > 1]
        places.append((long[0], padding) if long else (0, padding - layer.sizes[axis] // 2))
    for number in range(len(branch)):
        yield (
            tuple(stride if number == own else 1 for own, _ in places),
            tuple(edge if number == own else 0 for own, edge in places),
        )


class Executed:
    """What stands in for a layer, as a function of images; `trained` are the tensors that fine-tuning changes."""

    def __init__(self, factored: Factored, layer: Layer, dtype: torch.dtype = torch.float32):
        self.factored, self.layer = factored, layer
        self.kernels = [
            [torch.tensor(own.kernel * (1.0 if own.scale is None else own.scale), dtype=dtype) for own in branch]
            for branch in factored.branches
        ]
        self.bias = torch.tensor(layer.bias if factored.bias is None else factored.bias, dtype=dtype)

    @property
    def trained(self) -> list[torch.Tensor]:
        """The kernels of all stages, and the bias."""
        return [*(kernel for kernels in self.kernels for kernel in kernels), self.bias]

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return the outputs, n x N x H' x W', of inputs n x C x H x W."""
        return self._without_bias(images, self.layer.stride, self.layer.padding) + self.bias[:, None, None]

    def composed(self) -> np.ndarray:
        """Return the kernel, N x C x h x w, that the stages make together: what they answer to unit impulses."""
        _, inputs, height, width = self.layer.sizes
        impulses = torch.eye(inputs, dtype=self.bias.dtype)[..., None, None]
        padded = functional.pad(impulses, (width - 1, width - 1, height - 1, height - 1))
        return self._without_bias(padded, 1, 0).flip((2, 3)).transpose(0, 1).numpy()

    def round(self) -> None:
        """Bring kernels that are stored as whole numbers back to such in as many bits."""
        for branch, kernels in zip(self.factored.branches, self.kernels, strict=True):
            for stage, kernel in zip(branch, kernels, strict=True):
                if stage.scale is not None:
                    most = 2 ** (bits_of(stage.kernel) - 1)
                    kernel.copy_((kernel / stage.scale).round().clamp(-most, most - 1) * stage.scale)

    def _without_bias(self, images: torch.Tensor, stride: int, padding: int) -> torch.Tensor:
        outputs = []
        for branch, kernels in zip(self.factored.branches, self.kernels, strict=True):
            x, steps = images, _steps(branch, self.layer, stride, padding)
            for stage, kernel, (step, (rows, columns)) in zip(branch, kernels, steps, strict=True):
                whole = kernel.repeat(stage.groups, 1, 1, 1) if stage.shared else kernel
                x = _ordered(x, stage.order)
                if min(rows, columns) < 0:  # which a convolution cannot cut off itself
                    x, rows, columns = functional.pad(x, (columns, columns, rows, rows)), 0, 0
                x = functional.conv2d(x, whole, None, step, (rows, columns), 1, stage.groups)
            outputs.append(_ordered(x, self.factored.order))
        return sum(outputs[1:], outputs[0])


def _ordered(x: torch.Tensor, order: np.ndarray | None) -> torch.Tensor:
    """Return the channels in an order, in which -1 is a channel of zeros."""
    return x if order is None else torch.cat([x, torch.zeros_like(x[:, :1])], 1)[:, torch.from_numpy(order)]
