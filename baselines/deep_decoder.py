"""Minimises the squared misfit of a deep decoder's output to the observation: few weights cannot follow the noise.

Layers that mix 128 channels pixel by pixel, double the size by interpolation, rectify and normalise make all bands, as
output channels, of a fixed random input. The estimate is the iterate of lowest misfit, without early stopping: what
keeps the noise out is that the weights, about 100 000, are fewer than the entries of a cube. Those of a single image of
64 x 64 are not.

Heckel and Hand, Deep decoder: concise image representations from untrained non-convolutional networks, International
Conference on Learning Representations 2019, arXiv 1810.03982.

Departures from the paper: rectifiers leak by 0.2. Sides too short for five doublings get fewer. The other settings are
the authors': five doublings, Adam at 0.01, 5000 iterations, and a sigmoid at the end, which suits signals
whose peak is 1.
"""

from benchmark.algorithms.untrained import fit_network, image_network, squared_misfit
from benchmark.contract import Estimate, Problem
from deeptensor.networks import Network

LABEL = "Deep decoder"
FAMILY = "untrained network"
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
    network = Network("decoder", channels=channels, scales=scales, optimise_input=False, perturbation=0)
    images, Y = image_network(problem, network, seed, device)
    return fit_network(images, squared_misfit(Y), problem.observed.shape, iterations, learning_rate)
