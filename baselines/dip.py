"""Minimises the squared misfit of a convolutional network's output to the observation: deep image prior (DIP).

A two-dimensional skip network with all bands as output channels maps a fixed random input of 32 channels to the signal;
its untrained weights are fitted to the one observation. The input is perturbed afresh in each iteration.

Ulyanov, Vedaldi and Lempitsky, Deep image prior, International Journal of Computer Vision 128 (2020), DOI
10.1007/s11263-020-01303-4, arXiv 1711.10925.

Departures from the paper: it ends after a number of iterations chosen by eye, while here 5 % of the entries are held
out of the fit, and the exponential average of the iterates that predicts those best is the estimate; the fit ends when
that has not become better for 200 iterations. Sides too short for five scales get fewer.

The other settings are those of the authors' denoising: five scales of 128 channels, Adam at 0.01, a perturbation of
1/30, at most 3000 iterations, and a sigmoid at the end, which suits signals whose peak is 1.
"""

import numpy as np
import torch

from benchmark.algorithms.held_out import hold_out
from benchmark.algorithms.untrained import fit_network, image_network
from benchmark.contract import Estimate, Problem
from deeptensor.networks import Network

LABEL = "Deep image prior"
FAMILY = "untrained network"
TASKS = {"denoise"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int = 3000,
    learning_rate: float = 0.01,
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
    share: float = 0.05,
    patience: int = 200,
) -> Estimate:
    """Return the signal, of shape H x W or H x W x B, with a trace; `share` of its entries are held out."""
    network = Network(
        channels=channels, scales=scales, input_channels=32, optimise_input=False, perturbation=perturbation
    )
    images, Y = image_network(problem, network, seed, device)
    held = hold_out(tuple(Y.shape), seed, share)
    seen, hidden = (torch.from_numpy((mask / mask.sum()).astype(np.float32)).to(device) for mask in (~held, held))
    return fit_network(
        images,
        lambda signal: (seen * (signal - Y).square()).sum(),
        problem.observed.shape,
        iterations,
        learning_rate,
        score=lambda average: (hidden * (average - Y).square()).sum(),
        patience=patience,
    )
