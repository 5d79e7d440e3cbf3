"""DeepTensor written the plain way, with torch's own layers and one problem at a time: the yardstick of `bench.run`.

It is what the authors' scripts do, without their files and displays, and it states the network independently of the
library: both have the same parameters and the same output, which tests/test_bench.py checks.

Source: Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from math import radians

import torch
from torch import nn
from torch.nn import functional

CONVOLUTION = {1: nn.Conv1d, 2: nn.Conv2d}
BATCH_NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
INTERPOLATION = {1: "linear", 2: "bilinear"}
SKIP_CHANNELS = 4


class Scale(nn.Module):
    """One scale of the encoder-decoder: down by two, through the coarser scales, up again, and past them the skip."""

    def __init__(self, dimensions: int, inputs: int, channels: int, coarser: nn.Module):
        super().__init__()
        merged = SKIP_CHANNELS + channels
        self.mode = INTERPOLATION[dimensions]
        self.skip = block(dimensions, inputs, SKIP_CHANNELS, 1)
        self.down = block(dimensions, inputs, channels, 3, stride=2)
        self.refine = block(dimensions, channels, channels, 3)
        self.coarser = coarser
        self.norm = BATCH_NORM[dimensions](merged)
        self.merge = block(dimensions, merged, channels, 3)
        self.mix = block(dimensions, channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features (1, channels, *sizes) of `x` (1, inputs, *sizes)."""
        deep = self.coarser(self.refine(self.down(x)))
        deep = functional.interpolate(deep, scale_factor=2, mode=self.mode)
        # The central crop: a halved and doubled odd length has one sample too many, the last.
        deep = deep[(..., *(slice(size) for size in x.shape[2:]))]
        return self.mix(self.merge(self.norm(torch.cat([self.skip(x), deep], dim=1))))


def block(dimensions: int, inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return convolution, batch normalisation and leaky ReLU."""
    padding = kernel // 2
    # Reflection by nothing would still copy the input.
    mode = "reflect" if padding else "zeros"
    convolution = CONVOLUTION[dimensions](inputs, outputs, kernel, stride, padding, padding_mode=mode)
    return nn.Sequential(convolution, BATCH_NORM[dimensions](outputs), nn.LeakyReLU(0.2))


def skip_network(dimensions: int, rank: int, channels: int, scales: int) -> nn.Sequential:
    """Return the network from (1, rank, *sizes) to (1, rank, *sizes)."""
    network, width = nn.Identity(), rank
    for scale in reversed(range(scales)):
        network, width = Scale(dimensions, channels if scale else rank, channels, network), channels
    return nn.Sequential(network, CONVOLUTION[dimensions](width, rank, 1))


@dataclass(frozen=True)
class Fit:
    """The array (*shape) of the iterate of lowest training loss, and the loss of every iterate."""

    product: torch.Tensor
    loss: list[float]


def factorise(
    Y: torch.Tensor,
    shape: Sequence[int],
    modes: Sequence[Sequence[int]],
    rank: int,
    *,
    channels: int,
    scales: Sequence[int],
    perturbation: float,
    iterations: int,
    measure: Callable[[torch.Tensor], torch.Tensor] | None = None,
    learning_rate: float = 1e-3,
    seed: int = 0,
) -> Fit:
    """Fit an array of `shape`, whose measurement is `Y`, by one network for each group of axes in `modes`.

    `scales` has one number for each group. The loss is the mean square over all entries.
    """
    torch.manual_seed(seed)
    sizes = [[shape[axis] for axis in group] for group in modes]
    networks = nn.ModuleList(
        skip_network(len(size), rank, channels, number) for size, number in zip(sizes, scales, strict=True)
    ).to(Y.device)
    inputs = [nn.Parameter(0.1 * torch.rand(1, rank, *size, device=Y.device)) for size in sizes]
    optimiser = torch.optim.Adam([*networks.parameters(), *inputs], lr=learning_rate)
    losses: list[float] = []
    best, lowest = torch.empty(0), float("inf")
    for _ in range(iterations):
        noisy = [x + perturbation * torch.randn_like(x) if perturbation else x for x in inputs]
        X = product([network(x) for network, x in zip(networks, noisy, strict=True)]).reshape(*shape)
        loss = functional.mse_loss(X if measure is None else measure(X), Y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        if losses[-1] < lowest:
            best, lowest = X.detach(), losses[-1]
    return Fit(best, losses)


def product(outputs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the sum over r of outer products, (n_1, n_2 * n_3 ...), of networks' outputs (1, rank, *sizes)."""
    first, *rest = (output.flatten(start_dim=2)[0] for output in outputs)
    return first.T @ reduce(lambda left, right: (left[:, :, None] * right[:, None]).flatten(start_dim=1), rest)


def project(volume: torch.Tensor, angles: Sequence[float]) -> torch.Tensor:
    """Return the projections (angles, W, slices) of `volume` (H, W, slices): each slice rotated, its rows summed."""
    slices = volume.permute(2, 0, 1)
    return torch.stack([rotate(slices, angle).sum(dim=1).T for angle in angles])


def rotate(images: torch.Tensor, degrees: float) -> torch.Tensor:
    """Return the `images` (n, H, W) turned clockwise about their centre, bilinearly, with zeros outside."""
    height, width = images.shape[1:]
    angle = torch.tensor(radians(degrees))
    # In units of half the image's extent, which differs between the axes.
    aspect = (height - 1) / (width - 1)
    matrix = torch.tensor([[angle.cos(), angle.sin() * aspect, 0], [-angle.sin() / aspect, angle.cos(), 0]])
    grid = functional.affine_grid(matrix[None].to(images), [1, 1, height, width], align_corners=True)
    return functional.grid_sample(images[None], grid, align_corners=True)[0]
