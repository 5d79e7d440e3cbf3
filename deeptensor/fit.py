"""The fit of a model to arrays."""

import logging
import os
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path

import numpy as np
import torch
from torch import nn

from deeptensor.arrays import Array, checked, like
from deeptensor.loop import State, Task, run
from deeptensor.losses import LOSSES
from deeptensor.models import Decomposition, Model
from deeptensor.schedules import SCHEDULES
from deeptensor.stopping import HeldOut, LowestLoss, Rule, Stop

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """The state after `iteration` iterations and `seconds`: iterate and average of iterates.

    Both are NumPy arrays in half precision, or in single where the data have a scale other than 1.
    """

    iteration: int
    seconds: float
    loss: float
    last: Decomposition
    average: Decomposition


class Diverged(FloatingPointError):
    """Raised where an array's fit has no finite loss or score; `fits` holds the others, and None in its place."""

    def __init__(self, message: str, fits: list["Fit | None"]):
        super().__init__(message)
        self.fits = fits


@dataclass(frozen=True)
class Fit:
    """What a fit found.

    `decomposition` is the iterate that the stopping rule chose, met at `best_iteration` (counted from 1); `average` is
    the running average of the iterates; `loss` (iterations,) is the training loss of each, penalties included; `stop`
    tells when and why the fit ended.
    """

    decomposition: Decomposition
    average: Decomposition
    loss: np.ndarray
    best_iteration: int
    stop: Stop
    snapshots: tuple[Snapshot, ...]

    @property
    def iterations(self) -> int:
        """Return the number of iterations."""
        return len(self.loss)


def factorise(Y: Array, model: Model, *, seed: int = 0, **settings) -> Fit:
    """Return the factors, outputs of untrained networks, that minimise the misfit of their product to `Y`.

    The settings are those of `factorise_many`, which fits several arrays at once.
    Source: Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145.
    """
    return factorise_many([Y], model, seeds=[seed], **settings)[0]


def factorise_many(
    Ys: Sequence[Array],
    model: Model,
    *,
    operator: nn.Module | None = None,
    weights: Array | None = None,
    loss: str = "l2",
    delta: float = 0.1,
    l1_penalty: float = 0.0,
    l2_penalty: float = 0.0,
    stopping: Rule = LowestLoss(),  # noqa: B008, it is frozen
    iterations: int = 1700,
    learning_rate: float = 1.5e-2,
    schedule: str = "linear",
    scale: float = 1.0,
    seeds: Sequence[int] | None = None,
    device: str | torch.device = "auto",
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
) -> list[Fit]:
    """Fit the model to each of several real arrays of one shape, side by side, and return their fits.

    By default, a fit on one CPU core takes about half a minute for a matrix of 512 x 512 and rank 20, and at most that
    for smaller matrices; `deeptensor.PAPER` has the settings of the paper, which take about eight times as long.
    To fit many small arrays so is several times faster than one after the other, and gives the same up to rounding.

    Ys: NumPy arrays, or torch tensors on one device; results are of the same kind and on the same device, in double
        precision if the first of them is, else in single. The computation is in single precision; on a GPU that knows
        TF32, PyTorch's setting decides whether convolutions use it (`torch.backends.cudnn.allow_tf32`).
    operator: `Ys` hold the measurements that this linear operator makes of the arrays (see `deeptensor.operators`).
    weights: of the data, not negative, of the shape of one array or of all; 0 (or False) marks what is not observed,
        and there `Ys` may be NaN.
    loss: the mean, over the data, of "l2" (square), "l1" (magnitude), "huber" (with the threshold `delta`), or
        "poisson" (likelihood; data and model not negative).
    l1_penalty, l2_penalty: added to the loss for each factor, times its mean magnitude and its mean square.
    stopping: a rule of `deeptensor.stopping`; `iterations` is the most it may take.
    learning_rate: of Adam, times the factor of `schedule` (see `deeptensor.schedules`): "linear", which falls
        to zero, "fixed", "step", "exponential" or "cosine".
    scale: the arrays are modelled as `scale` times the product, whose values should be of the order of 1.
    seeds: one for each array, by default 0, 1, ...: of networks, perturbations and held-out data. On the CPU the same
        seeds give the same answer, bit for bit.
    device: "auto" is that of torch tensors, else "cuda" where there is one, else "cpu".
    progress: whether to show a progress bar; None shows one on a terminal.
    checkpoint: a file to which the state is written every minute, and from which an interrupted fit goes on; it is
        removed at the end.

    Raises ValueError for arrays or settings that make no sense, and Diverged if the loss of an array is never finite.
    """
    Ys = list(Ys)
    if not Ys:
        raise ValueError("there is no array to fit")
    seeds = tuple(range(len(Ys)) if seeds is None else map(int, seeds))
    if len(seeds) != len(Ys):
        raise ValueError(f"give one seed an array: {len(Ys)}, not {len(seeds)}")
    if not isinstance(iterations, Integral) or iterations < 1:
        raise ValueError(f"iterations must be a whole number of at least 1, not {iterations}")
    for name, value in (("scale", scale), ("learning_rate", learning_rate), ("delta", delta)):
        if not value > 0:
            raise ValueError(f"{name} must be positive, not {value}")
    for name, value in (("l1_penalty", l1_penalty), ("l2_penalty", l2_penalty)):
        if not value >= 0:
            raise ValueError(f"{name} must not be negative, as {value} is")
    for name, value, known in (("loss", loss, LOSSES), ("schedule", schedule, SCHEDULES)):
        if value not in known:
            raise ValueError(f"unknown {name} {value!r}; there are: {', '.join(known)}")
    device = _device(device, Ys[0])
    data, weights = _data(Ys, weights, scale, device)
    if loss == "poisson" and (data < 0).any():
        raise ValueError("the Poisson loss needs data that are not negative: clip them, or choose another loss")
    if operator is not None:
        operator = deepcopy(operator).to(device)
        measured = operator(torch.zeros(operator.shape, device=device)).shape
        if data.shape[1:] != measured:
            raise ValueError(f"the data have the shape {tuple(data.shape[1:])}, the operator's is {tuple(measured)}")
    task = Task(
        data=data,
        weights=weights,
        operator=operator,
        shape=tuple(data.shape[1:] if operator is None else operator.shape),
        scale=scale,
        model=model,
        loss=loss,
        delta=delta / scale,
        penalties=(l1_penalty, l2_penalty),
        learning_rate=learning_rate,
        schedule=schedule,
        seeds=seeds,
        rule=stopping,
        iterations=int(iterations),
        limits=(int(iterations),) * len(seeds),
    )
    paths = [None, None] if checkpoint is None else [Path(checkpoint), Path(f"{checkpoint}.refit")]
    if checkpoint is not None and not paths[0].parent.is_dir():
        raise ValueError(f"the folder of the checkpoint {paths[0]} does not exist")
    fits = _fits(run(task, progress, paths[0]), task, Ys[0])
    if isinstance(stopping, HeldOut) and stopping.refit:
        again = replace(task, rule=LowestLoss(), limits=tuple(fit.best_iteration for fit in fits))
        reasons = [f"{fit.stop.reason}; fitted again on all data for as many iterations as were best" for fit in fits]
        fits = _fits(run(again, progress, paths[1]), again, Ys[0])
        fits = [replace(fit, stop=replace(fit.stop, reason=reason)) for fit, reason in zip(fits, reasons, strict=True)]
    for path in paths:
        if path is not None:
            path.unlink(missing_ok=True)
    return fits


def _device(device: str | torch.device, Y: Array) -> torch.device:
    if device != "auto":
        return torch.device(device)
    if isinstance(Y, torch.Tensor):
        return Y.device
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _data(
    Ys: Sequence[Array], weights: Array | None, scale: float, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return data and weights as (B, *measured), without what is not observed."""
    tensors = [checked(Y, allow_nan=weights is not None) for Y in Ys]
    shapes = {tuple(tensor.shape) for tensor in tensors}
    if len(shapes) > 1:
        raise ValueError(f"arrays that are fitted side by side must have one shape, not {sorted(shapes)}")
    data = torch.stack(tensors).to(device) / scale
    if data.nan_to_num().abs().max() > 1e3:
        logger.warning("data are larger than 1000: give a `scale` that brings them to about 1")
    if weights is None:
        return data, None
    weights = checked(weights, "weights").to(device)
    if weights.shape not in (data.shape, data.shape[1:]):
        raise ValueError(f"weights must have the data's shape {tuple(data.shape[1:])}, not {tuple(weights.shape)}")
    weights = weights.expand_as(data)
    if (weights < 0).any():
        raise ValueError("weights must not be negative")
    if (weights.flatten(1).sum(1) == 0).any():
        raise ValueError("the weights of an array are all zero: nothing of it is observed")
    if not data[weights > 0].isfinite().all():
        raise ValueError("Y has entries that are not finite where the weights are positive")
    return data.masked_fill(weights == 0, 0), weights


def _fits(state: State, task: Task, Y: Array) -> list[Fit]:
    """Return the fits of the problems, in arrays like `Y`."""
    losses, lowest = state.losses.cpu().numpy(), state.lowest.tolist()
    best_iterations, stops = state.best_iteration.tolist(), state.stopped.tolist()
    # What is small in half precision may not be so times the scale.
    half = np.float16 if task.scale == 1 else np.float32

    def decomposition(iterate: Sequence[torch.Tensor], problem: int, convert: Callable) -> Decomposition:
        factors, core = state.networks.split([tensor[problem].float() for tensor in iterate])
        factors = [factor.reshape(shape) for factor, shape in zip(factors, state.networks.shapes, strict=True)]
        if core is not None:
            return Decomposition(tuple(map(convert, factors)), convert(task.scale * core))
        if task.model.structure == "symmetric":
            return Decomposition(tuple(convert(task.scale**0.5 * factor) for factor in factors))
        return Decomposition(tuple(map(convert, [task.scale * factors[0], *factors[1:]])))

    fits: list[Fit | None] = []
    for problem, (best, stop) in enumerate(zip(best_iterations, stops, strict=True)):
        if not np.isfinite(lowest[problem]):
            fits.append(None)
            continue
        snapshots = [
            Snapshot(
                iteration,
                seconds,
                loss[problem].item(),
                *(decomposition(kept, problem, lambda tensor: tensor.numpy().astype(half)) for kept in (last, average)),
            )
            for iteration, seconds, loss, last, average in state.snapshots
            if iteration <= stop
        ]
        fits.append(
            Fit(
                decomposition(state.best, problem, lambda tensor: like(tensor, Y)),
                decomposition(state.average.averages, problem, lambda tensor: like(tensor, Y)),
                losses[:stop, problem],
                best,
                Stop(stop, _reason(task, stop, problem, lowest[problem])),
                tuple(snapshots),
            )
        )
    if None in fits:
        raise Diverged(
            f"array {fits.index(None)}: no iterate has a finite loss and a score by {type(task.rule).__name__}. Scale"
            f" the data to about 1, lower learning_rate, or allow more iterations than {max(task.limits)}",
            fits,
        )
    return fits


def _reason(task: Task, stop: int, problem: int, lowest: float) -> str:
    reached = task.rule.target is not None and lowest <= task.rule.target
    if reached or stop < task.limits[problem]:
        return task.rule.reason.format(patience=task.rule.patience)
    return f"the {stop} iterations are done"
