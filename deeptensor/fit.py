"""The loop that fits the networks' factors to an array."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from deeptensor.averaging import RunningAverage
from deeptensor.factors import make_factors
from deeptensor.losses import LOSSES

logger = logging.getLogger(__name__)

DEFAULT_MODES = {2: ((0,), (1,)), 3: ((0, 1), (2,))}
NUMBER_OF_SNAPSHOTS = 30

Arrays = tuple[np.ndarray, ...]
Modes = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Snapshot:
    """The state after `iteration` iterations and `seconds`: the iterate and the average of iterates, as float16."""

    iteration: int
    seconds: float
    loss: float
    factors: Arrays
    average: Arrays


@dataclass(frozen=True)
class Fit:
    """Factors of shapes (*sizes, rank); their product, summed over the last axis, fits an array.

    `factors` are those of the lowest training loss, met at `best_iteration` (counted from 1); `average` is the running
    average of the iterates; `loss` (iterations,) is the training loss of each iterate.
    """

    factors: Arrays
    average: Arrays
    loss: np.ndarray
    best_iteration: int
    snapshots: tuple[Snapshot, ...]

    @property
    def iterations(self) -> int:
        """Return the number of iterations."""
        return len(self.loss)


def factorise(
    Y: np.ndarray,
    rank: int,
    *,
    modes: Modes | None = None,
    loss: str = "l2",
    iterations: int = 5000,
    learning_rate: float = 1e-3,
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
    seed: int = 0,
    device: str = "cpu",
) -> Fit:
    """Return the factors, outputs of untrained networks, that minimise the misfit of their product to `Y`.

    `Y` is a real array with values of the order of 1. Each group of neighbouring axes in `modes` gets one factor: by
    default ((0,), (1,)) for a matrix Y = U V^T, and ((0, 1), (2,)) for a cube (H, W, B), with U (H, W, rank) from a
    two-dimensional network and V (B, rank) from a one-dimensional one. Groups of one axis each make a CP tensor.

    `loss` is "l2" (mean square) or "l1" (mean absolute). `perturbation` is the standard deviation of the noise that is
    added to the networks' inputs, afresh at each iteration. `scales` is the most that a network gets: short axes get
    fewer. Adam runs at a fixed `learning_rate`. On the CPU the same `seed` gives the same answer, bit for bit.

    Raises ValueError for an array or a setting that makes no sense.
    Source: Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145.
    """
    Y = _single_precision(Y)
    modes = _checked_modes(modes, Y.ndim)
    if loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}; there are: {', '.join(LOSSES)}")
    for name, value in (("rank", rank), ("iterations", iterations), ("channels", channels)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    shapes = [(*(Y.shape[axis] for axis in group), rank) for group in modes]

    def to_host(factors: Sequence[torch.Tensor], dtype: torch.dtype) -> Arrays:
        return tuple(
            factor.to("cpu", dtype).contiguous().numpy().reshape(shape)
            for factor, shape in zip(factors, shapes, strict=True)
        )

    model = make_factors(Y.shape, modes, rank, channels, scales, seed).to(device)
    generator = torch.Generator(device).manual_seed(seed)
    misfit = LOSSES[loss](torch.from_numpy(Y).to(device))
    optimiser = torch.optim.Adam(model.parameters(), learning_rate, fused=True)
    milestones = set(snapshot_iterations(iterations).tolist())
    snapshots: list[Snapshot] = []
    # The bookkeeping stays on the device: to read a value would make the device wait at each iteration.
    losses = torch.empty(iterations, dtype=torch.float64, device=device)
    start = time.perf_counter()
    for index in range(iterations):
        factors = [factor(perturbation, generator) for factor in model]
        value = misfit(factors)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()

        factors = [factor.detach() for factor in factors]
        losses[index] = value.detach()
        if index == 0:
            best, lowest, average = factors, losses[0], RunningAverage(factors, losses[0])
        else:
            better = losses[index] < lowest
            best = [torch.where(better, new, old) for new, old in zip(factors, best, strict=True)]
            lowest = torch.fmin(losses[index], lowest)
            average.update(factors, losses[index])
        if index + 1 in milestones:
            last, mean = to_host(factors, torch.float16), to_host(average.averages, torch.float16)
            snapshots.append(Snapshot(index + 1, time.perf_counter() - start, value.item(), last, mean))
            logger.info("iteration %d of %d: loss %.4g", index + 1, iterations, value.item())

    history = losses.cpu().numpy()
    return Fit(
        factors=to_host(best, torch.float32),
        average=to_host(average.averages, torch.float32),
        loss=history,
        best_iteration=1 + int(np.nanargmin(history)),
        snapshots=tuple(snapshots),
    )


def snapshot_iterations(iterations: int) -> np.ndarray:
    """Return about 30 logarithmically spaced iterations from 1 to `iterations`, both included."""
    return np.unique(np.geomspace(1, iterations, NUMBER_OF_SNAPSHOTS).round().astype(int))


def _single_precision(Y: np.ndarray) -> np.ndarray:
    Y = np.asarray(Y)
    if Y.dtype.kind not in "fiu":
        raise ValueError(f"Y must hold real numbers, not {Y.dtype}")
    if Y.size == 0:
        raise ValueError(f"Y is empty, of shape {Y.shape}")
    with np.errstate(over="ignore"):  # an error follows
        Y = np.array(Y, dtype=np.float32, order="C")
    if not np.isfinite(Y).all():
        raise ValueError("Y has entries that are not finite in single precision: replace them, or scale Y")
    return Y


def _checked_modes(modes: Modes | None, ndim: int) -> Modes:
    if modes is None:
        if ndim not in DEFAULT_MODES:
            raise ValueError(f"Y must have two or three axes, not {ndim}; for more, give `modes`")
        return DEFAULT_MODES[ndim]
    if [axis for group in modes for axis in group] != list(range(ndim)) or len(modes) < 2:
        raise ValueError(f"modes must split the axes 0 to {ndim - 1}, in order, into two or more groups, not {modes}")
    if not all(1 <= len(group) <= 3 for group in modes):
        raise ValueError(f"each group of modes must have one to three axes, not {modes}")
    return modes
