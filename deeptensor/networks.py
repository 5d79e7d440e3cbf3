"""The skip network (convolutional encoder-decoder) in one, two or three dimensions, from one definition."""

from collections.abc import Sequence
from math import log2

import torch
from torch import nn
from torch.nn import functional

SKIP_CHANNELS = 4
CONVOLUTION = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
BATCH_NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
INTERPOLATION = {1: "linear", 2: "bilinear", 3: "trilinear"}


def number_of_scales(sizes: Sequence[int], limit: int = 5) -> int:
    """Return the number of halvings S = min(limit, floor(log2(L - 1))) for the shortest length L; 0 where L < 3.

    A length of at least 2^S + 1 keeps two samples at the coarsest scale, the fewest that reflection padding and batch
    normalisation can work with.
    """
    return min(limit, int(log2(max(min(sizes) - 1, 1))))


def skip_network(dimensions: int, rank: int, channels: int = 128, scales: int = 5) -> nn.Sequential:
    """Return a network from (N, rank, *sizes) to (N, rank, *sizes), where `sizes` are those of `dimensions` axes.

    Each length must be at least 2^scales + 1, see `number_of_scales`. Without scales the network is its last layer, a
    1x1 convolution. There is no activation after that layer.

    Source: Ulyanov et al., Deep image prior, 2018, arXiv 1711.10925, as set up for arXiv 2204.03145.
    """
    inner, width = nn.Identity(), rank
    for scale in reversed(range(scales)):
        inner = Scale(dimensions, rank if scale == 0 else channels, channels, inner)
        width = channels
    return nn.Sequential(inner, CONVOLUTION[dimensions](width, rank, kernel_size=1))


class Scale(nn.Module):
    """One scale of the skip network: down by two, through `inner` (the coarser scales), up again, past the skip."""

    def __init__(self, dimensions: int, inputs: int, channels: int, inner: nn.Module):
        super().__init__()
        self.interpolation = INTERPOLATION[dimensions]
        self.skip = _block(dimensions, inputs, SKIP_CHANNELS, kernel=1)
        self.deeper = nn.Sequential(
            _block(dimensions, inputs, channels, kernel=3, stride=2),
            _block(dimensions, channels, channels, kernel=3),
            inner,
        )
        self.merge = nn.Sequential(
            _batch_norm(dimensions, SKIP_CHANNELS + channels),
            _block(dimensions, SKIP_CHANNELS + channels, channels, kernel=3),
            _block(dimensions, channels, channels, kernel=1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features (N, channels, *sizes) of `x` (N, inputs, *sizes)."""
        upsampled = functional.interpolate(self.deeper(x), scale_factor=2, mode=self.interpolation)
        # Doubling a halved odd length gives one sample too many; the central crop then drops the last one.
        cropped = upsampled[(..., *(slice(size) for size in x.shape[2:]))]
        return self.merge(torch.cat([self.skip(x), cropped], dim=1))


def _block(dimensions: int, inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    padding = kernel // 2
    # Reflection by nothing would still copy its input.
    mode = "reflect" if padding else "zeros"
    return nn.Sequential(
        CONVOLUTION[dimensions](inputs, outputs, kernel, stride, padding, padding_mode=mode),
        _batch_norm(dimensions, outputs),
        nn.LeakyReLU(0.2, inplace=True),
    )


def _batch_norm(dimensions: int, channels: int) -> nn.Module:
    # Always the statistics of the input at hand: there is one input, and no other mode to switch to.
    return BATCH_NORM[dimensions](channels, track_running_stats=False)
