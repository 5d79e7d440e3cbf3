"""What the methods whose signal is the output of an untrained network share: images as channels, and the fit."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from benchmark.contract import Estimate, Problem, Snapshot
from benchmark.stacks import as_stack
from deeptensor.arrays import checked
from deeptensor.averaging import RunningAverage
from deeptensor.models import Generators
from deeptensor.networks import Network
from deeptensor.seeds import generators, stream
from deeptensor.snapshots import snapshot_iterations

# Fewer than of factors, which are small: each snapshot of a network's output holds two whole signals.
NUMBER_OF_SNAPSHOTS = 12

Function = Callable[[torch.Tensor], torch.Tensor]


class ImageNetwork(nn.Module):
    """A stack of images H x W x N, the sigmoid of the N output channels of one untrained network.

    It ends at 1, as the peak of signals is. Each call perturbs the network's input afresh.
    """

    def __init__(self, shape: tuple[int, int, int], network: Network, seed: int, device: str):
        super().__init__()
        self.shape = shape
        self.channels = Generators(shape[:2], shape[2], network, None, [stream(seed, 0)]).to(device)
        self.perturbing = generators([stream(seed, 1)], device)

    def forward(self) -> torch.Tensor:
        """Return the images."""
        return self.channels(self.perturbing).reshape(self.shape).sigmoid()


def fit_network(
    network: nn.Module,
    misfit: Function,
    shape: tuple[int, ...],
    iterations: int,
    learning_rate: float,
    score: Function | None = None,
    patience: int | None = None,
) -> Estimate:
    """Minimise `misfit` of the signal that `network()` makes, by Adam; return a signal of `shape` and the fit's trace.

    It is the iterate of lowest misfit, or with `score` the exponential average of the iterates at its lowest score,
    after which the fit ends once `patience` iterations bring none lower. Raises FloatingPointError where no value is
    finite.
    """
    optimiser = torch.optim.Adam(network.parameters(), learning_rate, fused=True)
    milestones = set(snapshot_iterations(iterations, NUMBER_OF_SNAPSHOTS).tolist())
    best, best_iteration, least = None, 0, float("inf")
    average, trace, start = None, [], time.perf_counter()
    for iteration in range(1, iterations + 1):
        signal = network()
        loss = misfit(signal)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

        signal, losses = signal.detach(), loss.detach()[None]
        if average is None:
            average = RunningAverage([signal[None]], losses)
        else:
            average.update([signal[None]], losses, running=torch.ones_like(losses, dtype=torch.bool))
        candidate = signal if score is None else average.averages[0][0]
        value = losses.item() if score is None else score(candidate).item()
        if value < least:
            best, best_iteration, least = candidate.clone(), iteration, value
        done = patience is not None and iteration - best_iteration >= patience
        if done or iteration in milestones:
            halves = [_numpy(tensor.half(), shape) for tensor in (signal, average.averages[0][0])]
            trace.append(Snapshot(iteration, time.perf_counter() - start, losses.item(), *halves))
        if done:
            break
    if best is None:
        raise FloatingPointError(f"no iterate has a finite misfit: lower learning_rate, which is {learning_rate}")
    return Estimate(signal=_numpy(best, shape), trace=trace, iterations=iteration)


def image_network(problem: Problem, network: Network, seed: int, device: str) -> tuple[ImageNetwork, torch.Tensor]:
    """Return a network whose output is the signal of a problem, and the observation as H x W x N, on the device."""
    Y = checked(as_stack(problem.observed)).to(device)
    return ImageNetwork(tuple(Y.shape), network, seed, device), Y


def squared_misfit(observed: torch.Tensor, operator: Function | None = None) -> Function:
    """Return the function that is the mean square of A X - Y for a signal X, A being the operator or the identity."""

    def misfit(signal: torch.Tensor) -> torch.Tensor:
        prediction = signal if operator is None else operator(signal)
        return (prediction - observed).square().mean()

    return misfit


def _numpy(tensor: torch.Tensor, shape: tuple[int, ...]) -> np.ndarray:
    return tensor.cpu().numpy().reshape(shape)
