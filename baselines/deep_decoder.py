"""Minimises the squared misfit of a deep decoder's output to the observation: few weights cannot follow the noise.

Layers that mix 128 channels pixel by pixel, double the size by interpolation, rectify and normalise make all bands, as
output channels, of a fixed random input. The estimate is the iterate of lowest misfit, without early stopping: what
keeps the noise out is that the weights, about 100 000, are fewer than the entries of a cube. Those of a single image of
64 x 64 are not.

Heckel and Hand, Deep decoder: concise image representations from untrained non-convolutional networks, International
Conference on Learning Representations 2019, arXiv 1810.03982.

Departures from the paper: rectifiers leak by 0.2. Sides too short for five doublings get fewer. The other settings are
the authors': five doublings, Adam at 0.01, 5000 iterations, and a sigmoid at the end, here times the peak of the
signal.
"""

import torch

from benchmark.algorithms.untrained import ImageNetwork, fit_network
from benchmark.contract import Estimate, Problem
from benchmark.stacks import as_stack
from deeptensor import Network
from deeptensor.arrays import checked

LABEL = "Deep decoder"
TASKS = {"denoise"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int = 5000,
    learning_rate: float = 0.01,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return the signal, of shape H x W or H x W x B, with a trace."""
    Y = checked(as_stack(problem.observed)).to(device)
    network = Network("decoder", channels=channels, scales=scales, optimise_input=False, perturbation=0)
    images = ImageNetwork(tuple(Y.shape), network, problem.data_range, seed, device)

    def misfit(signal: torch.Tensor) -> torch.Tensor:
        return (signal - Y).square().mean()

    return fit_network(images, misfit, problem.observed.shape, iterations, learning_rate)
