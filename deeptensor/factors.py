"""Which network makes which factor of an array."""

import logging
from collections.abc import Sequence

import torch
from torch import nn

from deeptensor.networks import number_of_scales, skip_network

logger = logging.getLogger(__name__)

# The range of the networks' inputs at the start: uniform in [0, 0.1], as in the authors' code.
INPUT_RANGE = 0.1


class Factor(nn.Module):
    """A factor of shape (prod(sizes), rank): the output of a skip network whose input is optimised with its weights."""

    def __init__(self, sizes: Sequence[int], rank: int, channels: int, scales: int):
        super().__init__()
        scales = number_of_scales(sizes, limit=scales)
        self.network = skip_network(len(sizes), rank, channels, scales)
        self.input = nn.Parameter(INPUT_RANGE * torch.rand(1, rank, *sizes))
        logger.info("factor of sizes %s and rank %d: %d channels, %d scales", tuple(sizes), rank, channels, scales)

    def forward(self, perturbation: float, generator: torch.Generator) -> torch.Tensor:
        """Return the factor of the input plus fresh white noise of standard deviation `perturbation`."""
        x = self.input
        if perturbation:
            x = x + perturbation * torch.randn(x.shape, generator=generator, device=x.device)
        return self.network(x).flatten(start_dim=2)[0].T


def make_factors(
    shape: Sequence[int], modes: Sequence[Sequence[int]], rank: int, channels: int, scales: int, seed: int
) -> nn.ModuleList:
    """Return one `Factor` for each group of axes, drawn from `seed` and leaving torch's global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        # `torch.manual_seed` would reseed the accelerators as well.
        torch.default_generator.manual_seed(seed)
        return nn.ModuleList(Factor([shape[axis] for axis in group], rank, channels, scales) for group in modes)
