"""Minimises |A f(z) - Y|^2 over the weights of an untrained two-dimensional network f that makes the image.

A `skip` network maps a fixed random input, perturbed in each iteration, to the image; a `decoder`, of few weights, has
no connections around its scales. The image keeps the mean that was measured. The estimate is the iterate of lowest
misfit: of exact measurements, far fewer than pixels, there is no noise to stop before.

Van Veen, Jalal, Soltanolkotabi, Price, Vishwanath and Dimakis, Compressed sensing with deep image prior and learned
regularization, arXiv 1806.06438; Heckel and Soltanolkotabi, Compressive sensing with un-trained neural networks,
International Conference on Machine Learning 2020, arXiv 2005.03991.

Departures from the papers: the networks are those of the deep image prior (DOI 10.1007/s11263-020-01303-4) and of the
deep decoder (arXiv 1810.03982) with their settings, five scales of 128 channels, Adam at 0.01 and a sigmoid at the end;
the first paper has a generator of small images, and a total variation beside the misfit.
"""

from copy import deepcopy
from typing import Literal

import torch
from torch import nn

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.compressive import measured
from benchmark.algorithms.untrained import ImageNetwork, fit_network, squared_misfit
from benchmark.contract import Estimate, Problem
from deeptensor.arrays import checked
from deeptensor.networks import Network

LABEL = "Untrained network on measurements"
FAMILY = "untrained network"
TASKS = {"recover"}
OPERATORS = {"scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    network: Literal["skip", "decoder"] = "skip",
    iterations: int = 3000,
    learning_rate: float = 0.01,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return the image, H x W, with a trace."""
    check_choices(solve, network=network)
    operator, y = deepcopy(problem.operator).to(device), checked(problem.observed).to(device)
    if network == "skip":
        settings = Network(
            channels=channels, scales=scales, input_channels=32, optimise_input=False, perturbation=1 / 30
        )
    else:
        settings = Network("decoder", channels=channels, scales=scales, optimise_input=False, perturbation=0)
    image = ImageNetwork((*operator.shape, 1), settings, seed, device)
    with_mean = MeanKept(image, measured(problem).mean)
    return fit_network(with_mean, squared_misfit(y, operator), operator.shape, iterations, learning_rate)


class MeanKept(nn.Module):
    """The only image, H x W, of a network, moved to a given mean."""

    def __init__(self, network: ImageNetwork, mean: float):
        super().__init__()
        self.network, self.mean = network, mean

    def forward(self) -> torch.Tensor:
        """Return the image."""
        image = self.network()[..., 0]
        return image - image.mean() + self.mean
