"""Isotropic total variation of images and stacks, and its minimisation under linear measurements, in any precision."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from benchmark.algorithms.held_out import best_iteration
from benchmark.contract import Operator

Axes = Sequence[int]


class State(NamedTuple):
    """The primal iterate, and the dual variables of its differences, (axes, *shape), and of its measurements."""

    signal: np.ndarray
    edges: np.ndarray
    misfit: np.ndarray


class Scales(NamedTuple):
    """How strong a linear operator A is: the mean squared norm of its columns, and the largest eigenvalue of A^T A."""

    column_energy: float
    squared_norm: float


IDENTITY = Scales(1.0, 1.0)

# What is searched, in units of the mean squared norm of the columns of the operator, for signals whose peak is 1, and
# how many weights without gain end the search.
WEIGHTS = tuple(0.32 * 0.5**power for power in range(8))
PATIENCE = 2
# Of the power iteration for the norm of an operator.
POWER_ITERATIONS = 30


def gradient(signal: np.ndarray, axes: Axes) -> np.ndarray:
    """Return the forward differences along each of the axes, (len(axes), *signal.shape), zero at the far border."""
    differences = np.zeros((len(axes), *signal.shape), signal.dtype)
    for difference, axis in zip(differences, axes, strict=True):
        along = np.moveaxis(signal, axis, 0)
        np.subtract(along[1:], along[:-1], out=np.moveaxis(difference, axis, 0)[:-1])
    return differences


def divergence(field: np.ndarray, axes: Axes) -> np.ndarray:
    """Return minus the adjoint of `gradient`: a field (len(axes), *shape) becomes a signal of `shape`."""
    result = np.zeros(field.shape[1:], field.dtype)
    for component, axis in zip(field, axes, strict=True):
        flow, along = np.moveaxis(component, axis, 0)[:-1], np.moveaxis(result, axis, 0)
        along[:-1] += flow
        along[1:] -= flow
    return result


def magnitude(field: np.ndarray) -> np.ndarray:
    """Return the Euclidean length, (*shape), of the vectors of a field (axes, *shape)."""
    return np.sqrt(np.einsum("k...,k...->...", field, field))


def total_variation(signal: np.ndarray, axes: Axes) -> float:
    """Return the sum over all entries of the length of the gradient along the axes."""
    return float(magnitude(gradient(signal, axes)).sum(dtype=np.float64))


def scales_of(operator: Operator | None) -> Scales:
    """Return the scales of an operator, estimated with random vectors that are the same each time; 1 for None.

    The norm comes from below, by power iteration from a positive signal.
    """
    if operator is None:
        return IDENTITY
    rng = np.random.default_rng(0)
    signs = rng.choice([-1.0, 1.0], size=operator.shape)
    vector, squared_norm = rng.random(operator.shape), 1.0
    for _ in range(POWER_ITERATIONS):
        vector = operator.adjoint(operator(vector / squared_norm))
        squared_norm = float(np.linalg.norm(vector))
    return Scales(float(np.sum(operator(signs) ** 2)) / signs.size, squared_norm)


def least_squares_constant(observed: np.ndarray, kept: np.ndarray, operator: Operator | None) -> float:
    """Return the level of the constant signal that fits the kept measurements best."""
    ones = np.ones(observed.shape) if operator is None else operator(np.ones(operator.shape))
    return float(np.sum(observed[kept] * ones[kept]) / np.sum(ones[kept] ** 2))


def start(observed: np.ndarray, kept: np.ndarray, axes: Axes, operator: Operator | None) -> State:
    """Return the state to begin with, in the precision of `observed`: a constant, or the observation where kept."""
    level = observed.dtype.type(least_squares_constant(observed, kept, operator))
    signal = np.where(kept, observed, level) if operator is None else np.full(operator.shape, level)
    return State(signal, np.zeros((len(axes), *signal.shape), signal.dtype), np.zeros_like(observed))


def minimise(
    observed: np.ndarray,
    weight: float,
    axes: Axes,
    kept: np.ndarray,
    state: State,
    *,
    operator: Operator | None = None,
    scales: Scales = IDENTITY,
    exact: bool = False,
    non_negative: bool = False,
    tolerance: float = 2e-4,
    iterations: int = 300,
) -> State:
    """Minimise 1/2 |M (A X - Y)|^2 + weight * TV(X), M being 1 at the entries kept and 0 elsewhere, from `state` on.

    `exact` asks for A X = Y at the entries kept in place of the square, `non_negative` for X >= 0, too. A is the
    `operator`, of the `scales` given, or the identity. An iteration that changes X by less than the share `tolerance`
    of its norm is the last.

    Both terms are dualised (Chambolle and Pock 2011, algorithm 1, DOI 10.1007/s10851-010-0251-1). Of the step sizes
    tau, sigma of the differences and sigma of the measurements, tau (sigma |grad|^2 + sigma |A|^2) <= 1.
    """
    forward, adjoint = _maps(operator)
    # Four times the curvature of the data term: measured for photographs, spectral images and projections alike.
    share = 4 * scales.column_energy
    step = 1 / (2 * share)
    edge_step = share / (4 * len(axes))
    # The norm is estimated from below.
    misfit_step = share / (1.05 * scales.squared_norm)
    mask = kept.astype(observed.dtype) / (1 if exact else 1 + misfit_step)
    target, smallest = misfit_step * observed, max(weight, np.finfo(observed.dtype).tiny)
    signal, edges, misfit = state
    ahead = signal
    for _ in range(iterations):
        edges = edges + edge_step * gradient(ahead, axes)
        edges *= weight / np.maximum(magnitude(edges), smallest)
        misfit = mask * (misfit + misfit_step * forward(ahead) - target)
        ahead = signal + step * (divergence(edges, axes) - adjoint(misfit))
        if non_negative:
            np.maximum(ahead, 0, out=ahead)
        change = ahead - signal
        signal, ahead = ahead, ahead + change
        if np.linalg.norm(change) <= tolerance * np.linalg.norm(signal):
            break
    return State(signal, edges, misfit)


def best_weight(
    observed: np.ndarray, weights: Sequence[float], axes: Axes, held: np.ndarray, **settings
) -> tuple[float, State]:
    """Return the weight, of falling ones, whose fit predicts the entries held out best, and the state of the last fit.

    Each fit, with the settings of `minimise`, is to the other entries, and starts from that of the weight before;
    `PATIENCE` weights without gain end the search.
    """
    operator = settings["operator"]
    forward, _ = _maps(operator)
    state = start(observed, ~held, axes, operator)

    def predictions() -> Iterator[np.ndarray]:
        nonlocal state
        for weight in weights:
            state = minimise(observed, weight, axes, ~held, state, **settings)
            yield forward(state.signal)

    best = best_iteration(predictions(), observed, held, PATIENCE)
    return weights[best - 1], state


def _maps(operator: Operator | None) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    return (_itself, _itself) if operator is None else (operator, operator.adjoint)


def _itself(array: np.ndarray) -> np.ndarray:
    return array
