"""The misfit between arrays, or measurements of them, and the product of factors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from deeptensor.products import Factors, energy, entries, inner, product

# The mean square comes from Gram matrices where the data have so many numbers, and so many times those of the factors.
GRAM, GRAM_RATIO = 2**17, 4
# Where the Poisson loss goes over into a parabola: expected values below a thousandth of the data's scale.
POISSON_FLOOR = 1e-3


def squared(prediction: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
    """Return (prediction - Y)^2."""
    return (prediction - Y).square()


def absolute(prediction: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
    """Return |prediction - Y|."""
    return (prediction - Y).abs()


def huber(prediction: torch.Tensor, Y: torch.Tensor, delta: float) -> torch.Tensor:
    """Return d^2 / 2 for a difference d up to `delta`, else delta (|d| - delta / 2) (DOI 10.1214/aoms/1177703732)."""
    return functional.huber_loss(prediction, Y, reduction="none", delta=delta)


def poisson(prediction: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
    """Return the Kullback-Leibler divergence x - y + y log(y / x), the negative log-likelihood less its minimum.

    Below x = 1e-3 it goes on as the parabola of the same value and slope and the curvature (y + 1e-3) / 1e-6, so that
    a prediction that is not positive is driven back. `Y` must not be negative.
    """
    floored = prediction.clamp_min(POISSON_FLOOR)
    excess = prediction - floored
    above = floored - Y + torch.special.xlogy(Y, Y) - torch.special.xlogy(Y, floored)
    slope = 1 - Y / POISSON_FLOOR
    return above + slope * excess + (Y + POISSON_FLOOR) / (2 * POISSON_FLOOR**2) * excess.square()


LOSSES = {"l1": absolute, "l2": squared, "huber": huber, "poisson": poisson}


@dataclass(frozen=True)
class Evaluation:
    """An iterate seen by the misfit: losses (B,), and what stopping rules may ask for.

    `errors` and `prediction` (B, N) are None where the loss did not need them.
    """

    loss: torch.Tensor
    factors: Factors
    errors: torch.Tensor | None = None
    prediction: torch.Tensor | None = None

    def predicted(self, index: torch.Tensor) -> torch.Tensor:
        """Return the predictions (B, E) of the data at the flat positions `index` (E,)."""
        with torch.no_grad():
            return entries(self.factors, index) if self.prediction is None else self.prediction[:, index]


class Misfit:
    """The weighted mean of a loss over the data, for each of B problems.

    `Y` (B, *measured) holds arrays, or the measurements that `operator` makes of arrays; `weights` (B, *measured) are
    not negative, and None stands for equal ones. Without operator and weights, the mean square of large data is
    ||Y||^2 - 2 <Y, X> + ||X||^2, from Gram matrices, and the product X is never formed. Cancellation then leaves an
    error of about 1e-7 of the mean of Y^2 in the value, and none to speak of in the gradient.
    """

    def __init__(
        self,
        Y: torch.Tensor,
        loss: str,
        delta: float,
        weights: torch.Tensor | None = None,
        operator: nn.Module | None = None,
    ):
        self.shape, self.Y = Y.shape, Y.flatten(1)
        self.loss: Callable = LOSSES[loss]
        self.settings = {"delta": delta} if loss == "huber" else {}
        self.operator = operator
        self.energy = self.Y.square().sum(1, dtype=torch.float64)
        self.weigh(None if weights is None else weights.flatten(1))

    def weigh(self, weights: torch.Tensor | None) -> None:
        """Set the weights (B, N) of the data, or equal ones."""
        self.weights, self.shares = weights, None if weights is None else weights / weights.sum(1, keepdim=True)

    def by_gram(self, factors: Factors) -> bool:
        """Return whether the loss of the factors is computed from Gram matrices."""
        size = self.Y.shape[1]
        plain = self.loss is squared and self.weights is None and self.operator is None
        return plain and size >= max(GRAM, GRAM_RATIO * sum(factor[0].numel() for factor in factors))

    def __call__(self, factors: Factors) -> Evaluation:
        """Return the evaluation of factors (B, n_i, r) of arrays."""
        if self.by_gram(factors):
            cross = inner(self.Y.unflatten(1, (factors[0].shape[1], -1)), factors)
            return Evaluation((self.energy - 2 * cross + energy(factors)) / self.Y.shape[1], factors)
        prediction = product(factors)
        if self.operator is not None:
            prediction = self.operator(prediction.reshape(-1, *self.operator.shape))
        prediction = prediction.flatten(1)
        errors = self.loss(prediction, self.Y, **self.settings)
        mean = errors.mean(1) if self.shares is None else (self.shares * errors).sum(1)
        return Evaluation(mean, factors, errors.detach(), prediction.detach())


def penalty(factors: Sequence[torch.Tensor], l1: float, l2: float) -> torch.Tensor | float:
    """Return the sum over the factors of l1 times the mean magnitude and l2 times the mean square, (B,), or 0."""
    total = 0.0
    for factor in factors:
        if l1:
            total = total + l1 * factor.abs().mean((1, 2))
        if l2:
            total = total + l2 * factor.square().mean((1, 2))
    return total
