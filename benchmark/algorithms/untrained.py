"""What the methods with untrained networks share: images as output channels, their fit, and rules to stop."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from benchmark.contract import Estimate, Factors, Problem, Snapshot
from benchmark.noise import SaltAndPepper
from deeptensor import Discrepancy, ExponentialVariance, Fit, HeldOut, LowestLoss, Network, WindowedVariance
from deeptensor.averaging import RunningAverage
from deeptensor.models import Decomposition, Generators
from deeptensor.seeds import generators, stream
from deeptensor.stopping import Rule

# Fewer than of factors, which are small: each snapshot of a network's output holds two whole signals.
NUMBER_OF_SNAPSHOTS = 12
STOPPING = ("lowest_loss", "held_out", "discrepancy", "windowed_variance", "exponential_variance")


class ImageNetwork(nn.Module):
    """A stack of images H x W x N, `peak` times the sigmoid of the N output channels of one untrained network.

    Each call perturbs the network's input afresh.
    """

    def __init__(self, shape: tuple[int, int, int], network: Network, peak: float, seed: int, device: str):
        super().__init__()
        self.shape, self.peak = shape, peak
        self.channels = Generators(shape[:2], shape[2], network, None, [stream(seed, 0)]).to(device)
        self.perturbing = generators([stream(seed, 1)], device)

    def forward(self) -> torch.Tensor:
        """Return the images."""
        return self.peak * self.channels(self.perturbing).reshape(self.shape).sigmoid()


def fit_network(
    network: nn.Module,
    misfit: Callable[[torch.Tensor], torch.Tensor],
    shape: tuple[int, ...],
    iterations: int,
    learning_rate: float,
    score: Callable[[torch.Tensor], torch.Tensor] | None = None,
    patience: int | None = None,
) -> Estimate:
    """Minimise `misfit` of the signal that `network()` makes, by Adam; return a signal of `shape` and the fit's trace.

    It is the iterate of lowest misfit, or with `score` the exponential average of the iterates at its lowest score,
    after which the fit ends once `patience` iterations bring none lower. Raises FloatingPointError where no value is
    finite.
    """
    optimiser = torch.optim.Adam(network.parameters(), learning_rate, fused=True)
    milestones = set(np.geomspace(1, iterations, NUMBER_OF_SNAPSHOTS).round().astype(int).tolist())
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


def estimate_of(fit: Fit) -> Estimate:
    """Return the factors that a fit of DeepTensor chose, with its trace."""
    trace = [Snapshot(s.iteration, s.seconds, s.loss, factors_of(s.last), factors_of(s.average)) for s in fit.snapshots]
    return Estimate(factors=factors_of(fit.decomposition), trace=trace, iterations=fit.iterations)


def factors_of(decomposition: Decomposition) -> Factors:
    """Return factors (*sizes, r) whose plain sum of outer products is the array: weights (r,) go into the first."""
    first, *rest = decomposition.factors
    return (first if decomposition.core is None else first * decomposition.core, *rest)


def stopping_rule(name: str, problems: Sequence[Problem]) -> Rule:
    """Return the rule, none of which needs the truth, that ends the fit of problems side by side.

    "lowest_loss" is the paper's fixed budget. "discrepancy" waits for the mean square of the residual to come down to
    the mean variance of the noise. "held_out" leaves 5 % of the data out of the fit and watches their error. The last
    two, "windowed_variance" and "exponential_variance", watch how much the iterates vary (arXiv 2112.06074).
    """
    if name not in STOPPING:
        raise ValueError(f"unknown stopping {name!r}; there are: {', '.join(STOPPING)}")
    if name == "discrepancy":
        return Discrepancy(np.stack([_mean_variance(problem) for problem in problems]))
    rules = {"held_out": HeldOut, "windowed_variance": WindowedVariance, "exponential_variance": ExponentialVariance}
    return rules.get(name, LowestLoss)()


def _mean_variance(problem: Problem) -> np.ndarray:
    if problem.noise is None or isinstance(problem.noise, SaltAndPepper):
        raise ValueError(f"stopping 'discrepancy' needs the variance of the noise, which {problem.noise} has not")
    # The models' variance is affine in the mean, so that this is the mean variance, free of bias.
    return np.full(problem.observed.shape, problem.noise.variance(problem.observed.mean(dtype=np.float64)))


def _numpy(tensor: torch.Tensor, shape: tuple[int, ...]) -> np.ndarray:
    return tensor.cpu().numpy().reshape(shape)
