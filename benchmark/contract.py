"""What passes between the benchmark and a method, a data set, and a task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Protocol

import numpy as np

from benchmark.noise import Noise
from benchmark.observation import Observation

Factors = tuple[np.ndarray, ...]
# A signal, factors that compose to it, or several signals by name.
Answer = np.ndarray | Factors | Mapping[str, np.ndarray]
# From an action to its outcome, both vectors.
Play = Callable[[np.ndarray], np.ndarray]


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

    `signal` has values in [0, 1] with maximum 1, and the axes of the file's `KIND`: `images` and `matrices` are H x W
    (an image in colour H x W x 3); a `stack` is H x W x N, whose images are bands, frames, slices or faces; `samples`
    stand along the first axis; `layers` are the weights of layers, one after another. A `signed` signal has values in
    [-1, 1] at a scale of its own; Poisson noise cannot be drawn from it. `rank` and `budget` override those of the data
    set in the experiment. `extras` are arrays that belong to the signal by name, such as `labels`, one for each sample;
    the task decides who gets them.
    """

    name: str
    signal: np.ndarray
    rank: int | None = None
    budget: int | None = None
    signed: bool = False
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Posed:
    """A problem as files hold it: the arrays that methods get, and those that only scoring gets.

    Of what is `given`, `observed` is the observation, `operator/...` are the arrays that its operator is made of, and
    all else is what the task grants by name. Of what is `withheld`, `signal` is what `observed` was drawn from; a
    control that sees the truth gets it in place of the observation.
    """

    given: Mapping[str, np.ndarray]
    withheld: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """What a method may see. What the task withholds is no part of it.

    `observed` is the noisy signal (for a control whose file says `SEES_TRUTH = True`, the clean one), or, where there
    is an `operator`, the noisy measurements that it makes of the signal. `rank` is the one that the protocol tells (for
    a control whose file says `COMPLETE = True`, the number of features of a sample), `budget` how many numbers, or rows
    of a sketch, an answer may store, where the task counts them. `noise` is the model of the noise of `observed` that
    the protocol grants, and `granted` holds what else the task grants, by name. Where the task has an environment,
    `play` takes the action of the next round there and returns its outcome. Clean signals have a peak of 1.
    """

    observed: np.ndarray
    rank: int | None = None
    budget: int | None = None
    noise: Noise | None = None
    operator: Operator | None = None
    granted: Mapping[str, np.ndarray] = field(default_factory=dict)
    play: Play | None = None


@dataclass(frozen=True)
class Snapshot:
    """The state of an iterative method after `iteration` iterations and `seconds` on its own clock.

    `last` is the iterate and `average` the running average of iterates, each of the form of the answer.
    """

    iteration: int
    seconds: float
    loss: float
    last: Answer
    average: Answer | None = None


@dataclass(frozen=True)
class Estimate:
    """What a method returns: one of `signal`, the `factors` that compose to it, and `parts`, signals by name.

    The task says which shape, or which parts of which shapes, it asks for.
    """

    signal: np.ndarray | None = None
    factors: Factors | None = None
    parts: Mapping[str, np.ndarray] | None = None
    trace: Sequence[Snapshot] = ()
    iterations: int | None = None

    @property
    def answer(self) -> Answer:
        """The signal, the factors, or the parts."""
        return next(value for value in (self.signal, self.factors, self.parts) if value is not None)


@dataclass(frozen=True)
class Tiny:
    """A problem for the contract tests, small enough for every method of a task.

    `item` has a rank. A method that is no control must reach `least` in the measure `measure`, where it is given.
    """

    item: Item
    observation: Observation
    measure: str | None = None
    least: float = 0.0


def compose(value: Answer) -> np.ndarray | dict[str, np.ndarray]:
    """Return the signal: an array as it is; factors as the sum over r of the outer products of their last-axis slices.

    Factors of shapes (H, W, r) and (B, r) make an H x W x B cube; three of shape (n_i, r) make a CP tensor; one alone
    is summed over r. Parts are returned by name, as they are.
    """
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    shape = tuple(size for factor in value for size in factor.shape[:-1])
    rank = value[0].shape[-1]
    first, *rest = [factor.reshape(-1, rank) for factor in value]
    one = np.ones((1, rank), first.dtype)
    khatri_rao = reduce(lambda left, right: (left[:, None] * right[None]).reshape(-1, rank), rest, one)
    return (first @ khatri_rao.T).reshape(shape)
