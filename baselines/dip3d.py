"""Minimises ||A f(z) - y||^2 over the weights of a three-dimensional network f, A the projections, y the sinogram.

A skip network of three scales maps a fixed random volume z of 32 channels to the slices, H x W x S; its untrained
weights are fitted end to end, through the projections. Of a noisy volume itself, A is the identity. The estimate is the
iterate of lowest training loss.

Gong, Catana, Qi and Li, PET image reconstruction using deep image prior, IEEE Transactions on Medical Imaging 38
(2019), DOI 10.1109/TMI.2018.2888491.

Departures from the paper: it has the patient's MR image as input, a U-Net, a Poisson likelihood, and the alternating
direction method of multipliers; here it has the form in which the DeepTensor paper (arXiv 2204.03145) compares with it,
random input and a loss through the operator. What that leaves open is set as there for its own networks: Adam at 1e-3,
5000 iterations, the input perturbed by 1/30. Sides too short for three scales get fewer.
"""

import numpy as np

from benchmark.algorithms.factor_networks import fit_model, signal_shape
from benchmark.contract import Estimate, Problem
from deeptensor.models import Decomposition, Model
from deeptensor.networks import Network

LABEL = "3-D deep image prior"
FAMILY = "untrained network"
TASKS = {"recover", "denoise"}
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
    perturbation: float = 1 / 30,
    channels: int = 32,
    scales: int = 3,
) -> Estimate:
    """Return the slices, of shape H x W x S, with a trace."""
    network = Network(
        channels=channels, scales=scales, input_channels=32, optimise_input=False, perturbation=perturbation
    )
    return fit_model(
        problem,
        # One group of axes makes the network's single output channel the model.
        Model(1, modes=(tuple(range(len(signal_shape(problem)))),), network=network),
        answer=output,
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )


def output(decomposition: Decomposition) -> np.ndarray:
    """Return the slices, H x W x S, that the single factor of a decomposition is."""
    return decomposition.factors[0][..., 0]
