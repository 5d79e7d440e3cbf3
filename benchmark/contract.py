"""What passes between the benchmark and a method, and between the benchmark and a data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from benchmark.noise import Noise

Factors = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Item:
    """One clean signal of a data set, as a file in `datasets/` returns it.

    `signal` has any number of axes (a cube is height x width x bands) and values in [0, 1] with maximum 1.
    `rank` overrides the data set's rank in the config. `labels` (first axis as `signal`'s) go to scoring alone.
    """

    name: str
    signal: np.ndarray
    rank: int | None = None
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class Problem:
    """What a method may see. The clean signal is not part of it.

    `observed` is the noisy signal (for a control whose file says `SEES_TRUTH = True`, the clean one); `noise` the model
    that the protocol grants; `data_range` the peak of the clean signals. `operator` and `mask` describe indirect
    measurements.
    """

    observed: np.ndarray
    rank: int
    data_range: float
    noise: Noise | None = None
    operator: object | None = None
    mask: np.ndarray | None = None


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
    """What a method returns: a `signal` of the shape of the truth, or the low-rank `factors` that compose to it."""

    signal: np.ndarray | None = None
    factors: Factors | None = None
    trace: Sequence[Snapshot] = ()
    iterations: int | None = None

    @property
    def answer(self) -> np.ndarray | Factors:
        """The signal, or the factors in its place."""
        return self.factors if self.signal is None else self.signal


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
