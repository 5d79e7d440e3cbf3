"""What passes between the benchmark and a method, and between the benchmark and a data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import numpy as np

from benchmark.noise import Noise

Factors = tuple[np.ndarray, ...]


class Skipped(Exception):
    """Raised by a method that cannot run here or on this problem; its message, the reason, stands in the tables."""


class Operator(Protocol):
    """A linear map from signals of shape `shape` to measurements of shape `measured` (see `deeptensor.operators`)."""

    shape: tuple[int, ...]
    measured: tuple[int, ...]

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Return the measurements (..., *measured) of signals (..., *shape)."""

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Return the adjoint (..., *shape) of measurements (..., *measured)."""


@dataclass(frozen=True)
class Item:
    """One clean signal of a data set, as a file in `datasets/` returns it.

    `signal` has values in [0, 1] with maximum 1. It is a matrix; or a stack of images, height x width x bands, frames,
    slices or faces; or, for the tasks `basis`, `covariance` and `factorise`, samples along the first axis.
    A `signed` signal has values in [-1, 1] at a scale of its own; Poisson noise cannot be drawn from it.
    `rank` overrides the data set's rank in the config. `labels` (first axis as `signal`'s) go to scoring alone.
    """

    name: str
    signal: np.ndarray
    rank: int | None = None
    labels: np.ndarray | None = None
    signed: bool = False


@dataclass(frozen=True)
class Problem:
    """What a method may see. The clean signal is not part of it.

    `observed` is the noisy signal (for a control whose file says `SEES_TRUTH = True`, the clean one), or, where there
    is an `operator`, the noisy measurements that it makes of the signal. `rank` is the one that the protocol tells (for
    a control whose file says `COMPLETE = True`, the number of features of a sample). `noise` is the model of the noise
    of `observed` that the protocol grants, `data_range` the peak of the clean signals.
    """

    observed: np.ndarray
    rank: int
    data_range: float
    noise: Noise | None = None
    operator: Operator | None = None


@dataclass(frozen=True)
class Snapshot:
    """The state of an iterative method after `iteration` iterations and `seconds` on its own clock.

    `last` is the iterate and `average` the running average of iterates, each a signal or a tuple of factors.
    """

    iteration: int
    seconds: float
    loss: float
    last: np.ndarray | Factors
    average: np.ndarray | Factors | None = None


@dataclass(frozen=True)
class Estimate:
    """What a method returns: a `signal` of the shape that its task asks for, or the `factors` that compose to it."""

    signal: np.ndarray | None = None
    factors: Factors | None = None
    trace: Sequence[Snapshot] = ()
    iterations: int | None = None

    @property
    def answer(self) -> np.ndarray | Factors:
        """The signal, or the factors in its place."""
        return self.factors if self.signal is None else self.signal


def answer_shape(task: str, problem: Problem) -> tuple[int, ...]:
    """Return the shape of the answer to a problem: that of the signal, but for two tasks on samples.

    Of n samples of p features, `basis` asks for `rank` vectors of the samples' shape, `covariance` for a p x p matrix.
    """
    if task == "basis":
        return (problem.rank, *problem.observed.shape[1:])
    if task == "covariance":
        return (problem.observed.shape[1],) * 2
    return problem.observed.shape if problem.operator is None else tuple(problem.operator.shape)


def compose(value: np.ndarray | Factors) -> np.ndarray:
    """Return the signal: an array as it is; factors as the sum over r of the outer products of their last-axis slices.

    Factors of shapes (H, W, r) and (B, r) make an H x W x B cube; three of shape (n_i, r) make a CP tensor.
    """
    if isinstance(value, np.ndarray):
        return value
    shape = tuple(size for factor in value for size in factor.shape[:-1])
    rank = value[0].shape[-1]
    first, *rest = [factor.reshape(-1, rank) for factor in value]
    khatri_rao = reduce(lambda left, right: (left[:, None] * right[None]).reshape(-1, rank), rest)
    return (first @ khatri_rao.T).reshape(shape)
