"""Minimises ||A f(Z) - y||^2 over a network f and its low-rank input Z, A the projections and y the sinogram.

Z, of shape S x H x W, is a CP tensor of the problem's rank with learned factors; a two-dimensional skip network,
untrained, takes its S images as input channels and makes the S slices as output channels. The estimate is the iterate
of lowest training loss.

Bacca, Fonseca and Arguello, Compressive spectral image reconstruction using deep prior and low-rank tensor
representation, Applied Optics 60 (2021), DOI 10.1364/AO.420305, arXiv 2101.07424.

Departures from the paper: it recovers spectral images, with a Tucker tensor as input and a U-Net; here it has the form
in which the DeepTensor paper (arXiv 2204.03145) compares with it on projections. The authors' program keeps the iterate
that is closest to the truth, which no method may. What the DeepTensor paper leaves open is set as for its own networks:
128 channels, five scales or as many as fit, Adam at 1e-3, 5000 iterations. The factors start normal, Z with unit
variance.
"""

from copy import deepcopy

import torch
from torch import nn

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.untrained import fit_network, squared_misfit
from benchmark.contract import Estimate, Problem
from deeptensor.arrays import checked
from deeptensor.layers import Convolution
from deeptensor.networks import Network, make_network
from deeptensor.products import product
from deeptensor.seeds import generators, stream

LABEL = "Network of low-rank input"
FAMILY = "untrained network"
TASKS = {"recover"}
OPERATORS = {"radon"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int = 5000,
    learning_rate: float = 1e-3,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return the slices, of shape H x W x S, with a trace."""
    shape, operator = tuple(problem.operator.shape), deepcopy(problem.operator).to(device)
    y = checked(problem.observed).to(device)
    settings = Network(channels=channels, scales=scales)
    network = LowRankInputNetwork(shape, rank_of("low_rank_input", problem), settings, seed).to(device)
    return fit_network(network, squared_misfit(y, operator), shape, iterations, learning_rate)


class LowRankInputNetwork(nn.Module):
    """Slices H x W x S, the output channels of a network whose input channels are a learned CP tensor S x H x W."""

    def __init__(self, shape: tuple[int, int, int], rank: int, network: Network, seed: int):
        super().__init__()
        height, width, slices = shape
        self.sizes = (height, width)
        drawing = generators([stream(seed, 0)])
        # A product of three of them, summed over the rank, then has unit variance.
        deviation = rank ** (-1 / 6)
        self.factors = nn.ParameterList(
            deviation * torch.randn(1, size, rank, generator=drawing[0]) for size in (slices, height, width)
        )
        self.network = make_network(network, 1, self.sizes, slices)
        for layer in self.network.modules():
            if isinstance(layer, Convolution):
                layer.initialise(drawing)

    def forward(self) -> torch.Tensor:
        """Return the slices."""
        Z = product(list(self.factors)).unflatten(2, self.sizes)
        return self.network(Z)[0].movedim(0, -1)
