"""The fit of a model to arrays."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from deeptensor.arguments import check_choice, check_flag, check_not_negative, check_positive, check_type, check_whole
from deeptensor.arrays import Array, divided, like, real, times
from deeptensor.checkpoints import checkpoint_path
from deeptensor.loop import State, Task, run
from deeptensor.losses import LOSSES
from deeptensor.models import Decomposition, Model
from deeptensor.schedules import SCHEDULES
from deeptensor.stopping import HeldOut, LowestLoss, Rule, Stop

logger = logging.getLogger(__name__)

# Many small operations gain nothing from more than one thread; on two cores with another process beside it, a fit took
# 3 to 70 times as long with two. With one, the number of cores does not change the rounding errors either.
THREADS_AT_FIRST = torch.get_num_threads()
REFITTED = "fitted again on all data for as many iterations as were best"


@dataclass(frozen=True)
class Snapshot:
    """The state after `iteration` iterations and `seconds`: iterate and average of iterates.

    Both are NumPy arrays in half precision; where the data have a scale other than 1, in single, or in double if that
    is beyond single's range.
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
    To fit many small arrays so is several times faster than one after the other, and gives the same up to rounding. On
    the CPU a fit takes one thread, unless OMP_NUM_THREADS or `torch.set_num_threads` says another number.

    Ys: NumPy arrays, or torch tensors on one device; results are of the same kind and on the same device, in single
        precision if the first of them is in single or half precision, else in double. They are divided by `scale` in
        their own precision, and fitted in single; on a GPU that knows TF32, PyTorch's setting decides whether
        convolutions use it (`torch.backends.cudnn.allow_tf32`).
    operator: `Ys` hold the measurements that this linear operator makes of the arrays (see `deeptensor.operators`).
    weights: of the data, not negative, of the shape of one array or of all, of which the ratios matter; 0 (or False)
        marks what is not observed, and there `Ys` may be NaN.
    loss: the mean, over the data, of "l2" (square), "l1" (magnitude), "huber" (with the threshold `delta`), or
        "poisson" (likelihood; data and model not negative).
    l1_penalty, l2_penalty: added to the loss for each factor, times its mean magnitude and its mean square.
    stopping: a rule of `deeptensor.stopping`; `iterations` is the most it may take.
    learning_rate: of Adam, times the factor of `schedule` (see `deeptensor.schedules`): "linear", which falls
        to zero, "fixed", "step", "exponential" or "cosine".
    scale: the arrays are modelled as `scale` times the product, whose values should be of the order of 1.
    seeds: one for each array, by default 0, 1, ...: of networks, perturbations and held-out data. The same seeds give
        the same answer, bit for bit, on the same kind of CPU, with the same version of torch and number of threads.
        Elsewhere, and on a GPU, sums are rounded otherwise, and a fit amplifies that from step to step.
    device: "auto" is that of torch tensors, else "cuda" where there is one, else "cpu".
    progress: whether to show a progress bar; None shows one on a terminal.
    checkpoint: a file to which the state is written every minute and at an interrupt (Ctrl-C, SIGINT), after the
        iteration that is being done, and from which an interrupted fit goes on; it is removed at the end. Where it
        cannot be written, as on a full disk, the last one stays, and the fit goes on with a warning in the log.

    Raises ValueError for arrays or settings that make no sense, and Diverged if the loss of an array is never finite.
    """
    check_type("model", model, Model, "a deeptensor.Model, such as Model(rank=3)")
    check_type("stopping", stopping, Rule, "a rule of deeptensor.stopping, such as HeldOut()")
    check_whole("iterations", iterations)
    for name, value in (("scale", scale), ("learning_rate", learning_rate), ("delta", delta)):
        check_positive(name, value)
    for name, value in (("l1_penalty", l1_penalty), ("l2_penalty", l2_penalty)):
        check_not_negative(name, value)
    for name, value, known in (("loss", loss, LOSSES), ("schedule", schedule, SCHEDULES)):
        check_choice(name, value, known)
    if progress is not None:
        check_flag("progress", progress)
    paths = _checkpoints(checkpoint)
    with fitting():
        Ys = _arrays(Ys)
        seeds = _seeds(seeds, len(Ys))
        device = device_for(device, Ys[0])
        data, weights = _data(Ys, weights, scale, device)
        if loss == "poisson" and (data < 0).any():
            raise ValueError("the Poisson loss needs data that are not negative: clip them, or choose another loss")
        if operator is not None:
            operator = _operator(operator, data)
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
        fits = _fits(run(task, progress, paths[0]), task, Ys[0])
        if isinstance(stopping, HeldOut) and stopping.refit:
            again = replace(task, rule=LowestLoss(), limits=tuple(fit.best_iteration for fit in fits))
            reasons = [f"{fit.stop.reason}; {REFITTED}" for fit in fits]
            fits = _fits(run(again, progress, paths[1]), again, Ys[0])
            fits = [replace(fit, stop=replace(fit.stop, reason=why)) for fit, why in zip(fits, reasons, strict=True)]
    for path in paths:
        if path is not None:
            path.unlink(missing_ok=True)
    return fits


@contextmanager
def fitting() -> Iterator[None]:
    """In this block, compute as a fit does, whatever torch is set to: gradients, single precision, one thread.

    The number of threads of the CPU stays as it is where somebody chose it: in the variable OMP_NUM_THREADS, or by
    `torch.set_num_threads` after the import of this module, if to another number than torch had.
    """
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    chosen = "OMP_NUM_THREADS" in os.environ or threads != THREADS_AT_FIRST
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
            stack.enter_context(torch.autocast(device, enabled=False))
        stack.callback(torch.set_default_dtype, dtype)
        torch.set_default_dtype(torch.float32)
        stack.callback(torch.set_num_threads, threads)
        torch.set_num_threads(threads if chosen else 1)
        yield


def _checkpoints(checkpoint: str | os.PathLike | None) -> list[Path | None]:
    """Return the files of the two phases of a fit."""
    path = checkpoint_path(checkpoint)
    return [path, path and path.with_name(f"{path.name}.refit")]


def _arrays(Ys: Sequence[Array]) -> list[Array]:
    try:
        Ys = list(Ys)
    except TypeError:
        raise ValueError(f"Ys must be several arrays, not {Ys!r}") from None
    if not Ys:
        raise ValueError("there is no array to fit")
    return Ys


def _seeds(seeds: Sequence[int] | None, count: int) -> tuple[int, ...]:
    if seeds is None:
        return tuple(range(count))
    try:
        seeds = tuple(seeds)
    except TypeError:
        raise ValueError(f"seeds must be several whole numbers, not {seeds!r}") from None
    if len(seeds) != count:
        raise ValueError(f"give one seed an array: {count}, not {len(seeds)}")
    for seed in seeds:
        check_whole("a seed", seed, least=0)
    return tuple(map(int, seeds))


def device_for(device: str | torch.device, Y: Array) -> torch.device:
    if isinstance(device, str) and device == "auto":
        if isinstance(Y, torch.Tensor):
            return Y.device
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return checked_device(device)


def checked_device(device: str | torch.device) -> torch.device:
    """Return the device, if torch can compute there; else ValueError."""
    check_type("device", device, (str, torch.device), "'auto', 'cpu', 'cuda' or another name of a torch.device")
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:  # the latter where torch is built without CUDA
        raise ValueError(f"device {str(device)!r} is none that torch {torch.__version__} has here: {error}") from None
    return torch.device(device)


def _operator(operator: nn.Module, data: torch.Tensor) -> nn.Module:
    """Return a copy of the operator on the device of the data (B, *measured), which it must be able to make."""
    check_type("operator", operator, nn.Module, "an operator of deeptensor.operators, or a module with `shape`")
    if not hasattr(operator, "shape"):
        raise ValueError(f"operator must have a `shape`, that of the arrays which it measures: {operator} has none")
    operator = deepcopy(operator).to(data.device)
    measured = operator(torch.zeros(operator.shape, device=data.device)).shape
    if data.shape[1:] != measured:
        raise ValueError(f"the data have the shape {tuple(data.shape[1:])}, the operator's is {tuple(measured)}")
    return operator


def _data(
    Ys: Sequence[Array], weights: Array | None, scale: float, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return data and weights as (B, *measured), without what is not observed."""
    tensors = [real(Y) for Y in Ys]
    shapes = {tuple(tensor.shape) for tensor in tensors}
    if len(shapes) > 1:
        raise ValueError(f"arrays that are fitted side by side must have one shape, not {sorted(shapes)}")
    data = torch.stack([divided(tensor, scale) for tensor in tensors]).to(device)
    if weights is None and not data.isfinite().all():
        raise ValueError("Y has entries that are not finite in single precision: replace them, or give a `scale`")
    largest = data.nan_to_num(posinf=0, neginf=0).abs().max()
    if largest > 1e3 or 0 < largest < 1e-3:
        logger.warning("the largest magnitude is %.1g: give a `scale` that brings the data to about 1", largest)
    if weights is None:
        return data, None
    weights = real(weights, "weights")
    if not (weights.isfinite().all() and (weights >= 0).all()):
        raise ValueError("weights must be finite and not negative")
    if weights.shape not in (data.shape, data.shape[1:]):
        raise ValueError(f"weights must have the data's shape {tuple(data.shape[1:])}, not {tuple(weights.shape)}")
    # Only their ratios matter.
    weights = divided(weights, weights.max().item() or 1.0).to(device).expand_as(data)
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
    kept_in = torch.float16 if task.scale == 1 else torch.float32 if 1e-30 < task.scale < 1e30 else torch.float64

    def back(tensor: torch.Tensor, factor: float = 1.0) -> Array:
        return like(tensor, Y, factor)

    def kept(tensor: torch.Tensor, factor: float = 1.0) -> np.ndarray:
        return times(tensor, factor).to(kept_in).numpy()

    def decomposition(iterate: Sequence[torch.Tensor], problem: int, convert: Callable) -> Decomposition:
        factors, core = state.networks.split([tensor[problem].float() for tensor in iterate])
        factors = [factor.reshape(shape) for factor, shape in zip(factors, state.networks.shapes, strict=True)]
        if core is not None:
            return Decomposition(tuple(map(convert, factors)), convert(core, task.scale))
        if task.model.structure == "symmetric":
            return Decomposition(tuple(convert(factor, task.scale**0.5) for factor in factors))
        return Decomposition((convert(factors[0], task.scale), *map(convert, factors[1:])))

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
                decomposition(last, problem, kept),
                decomposition(average, problem, kept),
            )
            for iteration, seconds, loss, last, average in state.snapshots
            if iteration <= stop
        ]
        fits.append(
            Fit(
                decomposition(state.best, problem, back),
                decomposition(state.average.averages, problem, back),
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
