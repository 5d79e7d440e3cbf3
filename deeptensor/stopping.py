"""When to stop, and which iterate to return, without the truth.

A rule gives every iterate of each problem a score; the iterate of the lowest score is returned. The fit stops when the
score has not fallen for `patience` iterations, or has reached `target`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch

from deeptensor.arguments import check_flag, check_share, check_whole
from deeptensor.arrays import Array, divided, real
from deeptensor.losses import Evaluation, Misfit
from deeptensor.seeds import generators, stream

# Data that a rule watches, at most: random ones. The mean of 2^14 squares is known to 1 %. Where predictions must be
# computed for it, to r terms each, the number of terms is limited as well.
DISCREPANCY_SAMPLE, VARIANCE_SAMPLE = 2**14, 2**12
LEAST_SAMPLE, SAMPLED_TERMS = 2**11, 2**21
# The name of the random stream that decides which data are held out.
HELD_OUT = 2**20

Monitor = Callable[[Evaluation], torch.Tensor]


@dataclass(frozen=True)
class Stop:
    """When (the last iteration, counted from 1) and why a fit ended."""

    iteration: int
    reason: str


@runtime_checkable
class Rule(Protocol):
    """What the fit asks of a rule."""

    patience: int | None
    target: float | None
    reason: str

    def start(self, misfit: Misfit, rank: int, scale: float, seeds: Sequence[int]) -> Monitor:
        """Return the function from the evaluation of an iterate to the problems' scores (B,); it may keep state.

        `scale` is that by which the data of `misfit` have been divided.
        """


@dataclass(frozen=True)
class LowestLoss:
    """The iterate of lowest training loss within the number of iterations, as the authors' code returns it."""

    patience: ClassVar[None] = None
    target: ClassVar[None] = None
    reason: ClassVar[str] = ""

    def start(self, misfit: Misfit, rank: int, scale: float, seeds: Sequence[int]) -> Monitor:
        """Return the monitor of the training loss."""
        return lambda evaluation: evaluation.loss.detach()


@dataclass(frozen=True)
class HeldOut:
    """The iterate that best predicts a random `fraction` of the data, left out of the fit.

    With `refit`, the fit is then done again on all data, for the number of iterations that was best, and returns the
    iterate of lowest loss. Held-out entries tell nothing where missing entries cannot be predicted: at a high rank,
    without structure along the axes.
    """

    fraction: float = 0.05
    patience: int = 200
    refit: bool = False
    target: ClassVar[None] = None
    reason: ClassVar[str] = "the held-out error has not fallen for {patience} iterations"

    def __post_init__(self):
        check_share("fraction", self.fraction)
        check_whole("patience", self.patience)
        check_flag("refit", self.refit)

    def start(self, misfit: Misfit, rank: int, scale: float, seeds: Sequence[int]) -> Monitor:
        """Take the held-out data away from the misfit, and return the monitor of their error."""
        weights = torch.ones_like(misfit.Y) if misfit.weights is None else misfit.weights
        drawing = generators([stream(seed, HELD_OUT) for seed in seeds])
        draws = [torch.rand(misfit.Y.shape[1], generator=generator) for generator in drawing]
        draw = torch.stack(draws).to(misfit.Y.device).masked_fill(weights == 0, torch.inf)
        observed = (weights > 0).sum(1)
        if (observed < 2).any():
            raise ValueError("to hold out data needs two observed entries at least")
        count = (self.fraction * observed).round().long().clamp_min(1).minimum(observed - 1)
        held = draw <= draw.sort(dim=1).values.gather(1, count[:, None] - 1)
        misfit.weigh(weights * ~held)
        shares = weights * held / (weights * held).sum(1, keepdim=True)
        return lambda evaluation: (shares * evaluation.errors).sum(1)


@dataclass(frozen=True)
class Discrepancy:
    """The first iterate whose mean of (data - prediction)^2 / variance is 1: Morozov's discrepancy principle.

    `variance` is that of the noise, one number or an array like the data, for instance y / photons + readout^2 /
    photons^2 for counts. Never reached, it is the iterate that comes closest.
    """

    variance: float | Array
    patience: ClassVar[None] = None
    target: ClassVar[float] = 0.0
    reason: ClassVar[str] = "the residual has come down to the noise level"

    def start(self, misfit: Misfit, rank: int, scale: float, seeds: Sequence[int]) -> Monitor:
        """Return the monitor of how far the residual lies above the noise level."""
        # In two steps: the square of a small scale would be zero.
        variance = divided(real(self.variance, "variance").double() / scale, scale).to(misfit.Y.device)
        if not ((variance > 0) & variance.isfinite()).all():
            raise ValueError("the variance of the noise must be positive and finite, also over the square of the scale")
        if variance.shape not in ((), misfit.shape[1:], misfit.shape):
            raise ValueError(f"the variance has the shape {tuple(variance.shape)}, the data {tuple(misfit.shape[1:])}")
        precision = (1 / variance).expand(misfit.shape).flatten(1)
        if misfit.weights is not None:
            precision = precision * (misfit.weights > 0)
        index = _sample(misfit, rank, DISCREPANCY_SAMPLE)
        data, precision = misfit.Y[:, index], precision[:, index]
        degrees = (precision > 0).sum(1)

        def excess(evaluation: Evaluation) -> torch.Tensor:
            standardised = (data - evaluation.predicted(index)).square() * precision
            return (standardised.sum(1) / degrees - 1).clamp_min(0)

        return excess


@dataclass(frozen=True)
class WindowedVariance:
    """The iterate at which the last `window` predictions vary least (Wang et al., arXiv 2112.06074).

    The network settles on the signal before it starts to follow the noise. The rule fails where the best iterate comes
    within the first `window` iterations, and may take the first plateau, the mean of the data, for the signal.
    """

    window: int = 100
    patience: int = 1000
    target: ClassVar[None] = None
    reason: ClassVar[str] = "the windowed variance has not fallen for {patience} iterations"

    def __post_init__(self):
        check_whole("window", self.window, least=2)
        check_whole("patience", self.patience)

    def start(self, misfit: Misfit, rank: int, scale: float, seeds: Sequence[int]) -> Monitor:
        """Return the monitor of the variance."""
        return _Window(_sample(misfit, rank, VARIANCE_SAMPLE), self.window, len(seeds))


class _Window:
    """The last predictions in a ring, with their sum and sum of squares: a step costs the same for any window."""

    def __init__(self, index: torch.Tensor, window: int, problems: int):
        self.index = index
        self.ring = torch.zeros(window, problems, len(index), device=index.device)
        # In double precision, else the differences of the sums would drift.
        self.sum, self.squares = torch.zeros(2, problems, len(index), dtype=torch.float64, device=index.device)
        self.count = 0

    def __call__(self, evaluation: Evaluation) -> torch.Tensor:
        place, window = self.count % len(self.ring), len(self.ring)
        new, old = evaluation.predicted(self.index), self.ring[place].double()
        self.ring[place] = new
        new = new.double()
        self.sum += new - old
        self.squares += new.square() - old.square()
        self.count += 1
        variance = (self.squares / window - (self.sum / window).square()).mean(1)
        return variance if self.count >= window else torch.full_like(variance, torch.inf)


@dataclass(frozen=True)
class ExponentialVariance:
    """The iterate at which the exponential variance of the predictions is lowest (Wang et al., arXiv 2112.06074).

    With d the difference of a prediction x from the mean m, m <- m + a d and v <- (1 - a)(v + a d^2), where a is
    `share`. The first `burn_in` iterates do not count: the variance starts at zero.
    """

    share: float = 0.1
    burn_in: int = 100
    patience: int = 1000
    target: ClassVar[None] = None
    reason: ClassVar[str] = "the exponential variance has not fallen for {patience} iterations"

    def __post_init__(self):
        check_share("share", self.share)
        check_whole("burn_in", self.burn_in, least=0)
        check_whole("patience", self.patience)

    def start(self, misfit: Misfit, rank: int, scale: float, seeds: Sequence[int]) -> Monitor:
        """Return the monitor of the variance."""
        return _Exponential(_sample(misfit, rank, VARIANCE_SAMPLE), self.share, self.burn_in, len(seeds))


class _Exponential:
    def __init__(self, index: torch.Tensor, share: float, burn_in: int, problems: int):
        self.index, self.share, self.burn_in, self.count = index, share, burn_in, 0
        self.mean = torch.zeros(problems, len(index), device=index.device)
        self.variance = torch.zeros(problems, device=index.device)

    def __call__(self, evaluation: Evaluation) -> torch.Tensor:
        difference = evaluation.predicted(self.index) - self.mean
        self.mean += self.share * difference
        self.variance = (1 - self.share) * (self.variance + self.share * difference.square().mean(1))
        self.count += 1
        return self.variance if self.count > self.burn_in else torch.full_like(self.variance, torch.inf)


def _sample(misfit: Misfit, rank: int, most: int) -> torch.Tensor:
    """Return the flat positions of random data that are observed, the same for every problem and run."""
    observed = torch.arange(misfit.Y.shape[1])
    if misfit.weights is not None:
        observed = (misfit.weights > 0).any(0).nonzero()[:, 0].cpu()
    size = min(len(observed), most, max(LEAST_SAMPLE, SAMPLED_TERMS // rank))
    chosen = observed[torch.randperm(len(observed), generator=torch.Generator().manual_seed(0))[:size]]
    return chosen.sort().values.to(misfit.Y.device)
