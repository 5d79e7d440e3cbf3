"""Layers for a stack of networks: `count` inputs side by side, each with weights of its own.

Small networks are bound by the number of calls, not by arithmetic: networks of one architecture are therefore computed
together. Their features have the shape (count, channels, *sizes), with one, two or three sizes.
"""

from collections.abc import Sequence
from math import prod

import torch
from torch import nn
from torch.nn import functional

CONVOLUTION = {2: functional.conv2d, 3: functional.conv3d}
INTERPOLATION = {1: "linear", 2: "bilinear", 3: "trilinear"}
# Up to this many columns the CPU's library multiplies several times faster from the other side.
NARROW = 12


class Convolution(nn.Module):
    """Convolution by an odd kernel, the ends continued by reflection; a kernel of 1 mixes channels alone.

    `precision` is that of its factors, in which the gradient keeps them too; None is that of the features.
    """

    def __init__(
        self,
        count: int,
        dimensions: int,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        bias: bool = True,
        precision: torch.dtype | None = None,
    ):
        super().__init__()
        self.kernel, self.stride, self.precision = kernel, stride, precision
        self.weight = nn.Parameter(torch.empty(count, outputs, inputs, *[kernel] * dimensions))
        self.bias = nn.Parameter(torch.empty(count, outputs)) if bias else None

    def initialise(self, generators: Sequence[torch.Generator]) -> None:
        """Draw weights and bias uniformly within +- 1/sqrt(fan-in), as PyTorch does, each network's from its own."""
        bound = prod(self.weight.shape[2:]) ** -0.5
        with torch.no_grad():
            for parameter in self.parameters():
                for one, generator in zip(parameter, generators, strict=True):
                    one.uniform_(-bound, bound, generator=generator)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (count, outputs, *sizes divided by the stride and rounded up)."""
        precision = self.precision or x.dtype
        weight, bias = self.weight.to(precision), None if self.bias is None else self.bias.to(precision)
        return self._convolve(x.to(precision), weight, bias).to(x.dtype)

    def _convolve(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        count, channels, *sizes = x.shape
        if self.kernel == 1:
            x = x[(..., *[slice(None, None, self.stride)] * len(sizes))]
            return _mix(weight, x.flatten(2), bias).unflatten(2, x.shape[2:])
        if len(sizes) == 1:
            return _mix(weight, _Windows.apply(x, self.stride).flatten(1, 2), bias)
        stacked = x.reshape(1, count * channels, *sizes)
        padded = functional.pad(stacked, [self.kernel // 2] * 2 * len(sizes), mode="reflect")
        bias = None if bias is None else bias.flatten()
        y = CONVOLUTION[len(sizes)](padded, weight.flatten(0, 1), bias, self.stride, groups=count)
        return y.reshape(count, -1, *y.shape[2:])


class Normalisation(nn.Module):
    """Batch normalisation of each channel over its own samples: there is one input, and no other mode to switch to.

    With a `slope`, a leaky rectifier follows, in place.
    """

    def __init__(self, count: int, channels: int, slope: float | None = None):
        super().__init__()
        self.slope = slope
        self.weight = nn.Parameter(torch.ones(count, channels))
        self.bias = nn.Parameter(torch.zeros(count, channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of the shape of `x`."""
        stacked = x.reshape(1, self.weight.numel(), -1)
        weight, bias = self.weight.flatten(), self.bias.flatten()
        y = functional.batch_norm(stacked, None, None, weight, bias, training=True)
        if self.slope is not None:
            # Before the view: autograd copies a view that is changed in place.
            y = functional.leaky_relu(y, self.slope, inplace=True)
        return y.view(x.shape)


class Upsample(nn.Module):
    """Doubles the sizes by linear interpolation and drops the last sample where that is one too many for `sizes`."""

    def __init__(self, sizes: Sequence[int]):
        super().__init__()
        self.crop = (..., *(slice(size) for size in sizes))
        self.mode = INTERPOLATION[len(sizes)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (count, channels, *sizes)."""
        return functional.interpolate(x, scale_factor=2, mode=self.mode)[self.crop]


def _mix(weight: torch.Tensor, x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return _Product.apply(weight.flatten(2), x, None if bias is None else bias[..., None])


class _Product(torch.autograd.Function):
    """Batched matrix product (N, m, k) (N, k, n) and a bias (N, m, 1), quick for few columns in both directions."""

    @staticmethod
    def forward(ctx, weight: torch.Tensor, x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(weight, x)
        ctx.biased = bias is not None
        return _multiply(weight, x, bias)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        weight, x = ctx.saved_tensors
        bias = gradient.sum(2, keepdim=True) if ctx.biased else None
        return torch.bmm(gradient, x.mT), _multiply(weight.mT, gradient, None), bias


def _multiply(weight: torch.Tensor, x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    if x.device.type == "cpu" and x.shape[2] <= NARROW:
        y = torch.bmm(x.mT, weight.mT) if bias is None else torch.baddbmm(bias.mT, x.mT, weight.mT)
        return y.mT.contiguous()
    return torch.bmm(weight, x) if bias is None else torch.baddbmm(bias, weight, x)


class _Windows(torch.autograd.Function):
    """The samples x[stride i - 1], x[stride i], x[stride i + 1] of (N, C, L), reflected at the ends: (N, C, 3, n)."""

    @staticmethod
    def forward(ctx, x: torch.Tensor, stride: int) -> torch.Tensor:
        ctx.stride, ctx.length = stride, x.shape[2]
        padded = torch.cat([x[..., 1:2], x, x[..., -2:-1]], dim=2)
        return padded.unfold(2, 3, stride).mT.contiguous()

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        padded = gradient.new_zeros(*gradient.shape[:2], ctx.length + 2)
        span = ctx.stride * (gradient.shape[3] - 1) + 1
        for tap in range(3):
            padded[..., tap : tap + span : ctx.stride] += gradient[:, :, tap]
        inner = padded[..., 1:-1]
        inner[..., 1] += padded[..., 0]
        inner[..., -2] += padded[..., -1]
        return inner, None
