"""The iterations of a fit: one batch of problems, its state, and checkpoints of that."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import nn

from deeptensor.adam import Adam
from deeptensor.averaging import RunningAverage, per_problem
from deeptensor.checkpoints import (
    SECONDS_BETWEEN_CHECKPOINTS,
    fingerprint_of,
    load_checkpoint,
    restoring,
    save_checkpoint,
)
from deeptensor.losses import Misfit, penalty
from deeptensor.models import FactorModel, Model, outer_factors
from deeptensor.progress import progress_bar
from deeptensor.schedules import SCHEDULES
from deeptensor.snapshots import snapshot_iterations
from deeptensor.stopping import Rule

logger = logging.getLogger(__name__)

# The loop asks the device only so often whether all problems have stopped: each question makes it wait.
ITERATIONS_BETWEEN_QUESTIONS = 50
# What a checkpoint holds as it is.
PLAIN = "iteration seconds losses lowest best_iteration last_gain stopped best snapshots".split()


@dataclass(frozen=True)
class Task:
    """B problems of one shape: data (B, *measured) divided by `scale`, and how to fit them.

    `limits` are the problems' numbers of iterations, unless `rule` stops one earlier; `schedule` spans `iterations`.
    """

    data: torch.Tensor
    weights: torch.Tensor | None
    operator: nn.Module | None
    shape: tuple[int, ...]
    scale: float
    model: Model
    loss: str
    delta: float
    penalties: tuple[float, float]
    learning_rate: float
    schedule: str
    seeds: tuple[int, ...]
    rule: Rule
    iterations: int
    limits: tuple[int, ...]

    @property
    def fingerprint(self) -> str:
        """Return a checksum of everything that determines the fit."""
        arrays = [self.data, self.weights, *vars(self.rule).values()]
        if self.operator is not None:
            # It may be any code: it is known by what it makes of a signal, to three digits.
            probe = torch.linspace(-1, 1, prod(self.shape), device=self.data.device).reshape(self.shape)
            arrays.append((1e3 * self.operator(probe)).round().long())
        apart = ("data", "weights", "rule", "operator")
        rest = {name: value for name, value in vars(self).items() if name not in apart}
        arrays = [own if isinstance(own, torch.Tensor) else np.asarray(own) for own in arrays if own is not None]
        return fingerprint_of((rest, type(self.rule)), *arrays)


class State:
    """All that changes during a fit. Its tensors stay on the device: to read one would make the device wait."""

    def __init__(self, task: Task):
        device = task.data.device
        self.networks = FactorModel(task.model, task.shape, task.seeds).to(device)
        self.generators = self.networks.noise_generators(device)
        self.optimiser = Adam(self.networks.parameters())
        self.misfit = Misfit(task.data, task.loss, task.delta, task.weights, task.operator)
        rank = task.model.rank if isinstance(task.model.rank, int) else max(task.model.rank)
        self.monitor = task.rule.start(self.misfit, rank, task.scale, task.seeds)
        self.limits = torch.tensor(task.limits, device=device)
        self.iteration, self.seconds = 0, 0.0
        self.losses = torch.full((max(task.limits), len(task.seeds)), torch.nan, dtype=torch.float64, device=device)
        self.lowest = torch.full((len(task.seeds),), torch.inf, dtype=torch.float64, device=device)
        # Iterations, from 1: of the lowest score, of the last one that a lower score may still follow, and of the end.
        self.best_iteration = torch.ones_like(self.limits)
        self.last_gain = torch.zeros_like(self.limits)
        self.stopped = torch.zeros_like(self.limits)
        self.best: list[torch.Tensor] = []
        self.average: RunningAverage | None = None
        self.snapshots: list[tuple[int, float, torch.Tensor, list[torch.Tensor], list[torch.Tensor]]] = []

    @property
    def running(self) -> torch.Tensor:
        """Return which problems (B,) have not stopped."""
        return self.stopped == 0

    def advance(self, task: Task) -> list[torch.Tensor]:
        """Do one iteration of every problem and return the iterate."""
        iterate = self.networks(self.generators)
        factors, core = self.networks.split(iterate)
        evaluation = self.misfit(outer_factors(factors, core))
        loss = evaluation.loss + penalty(factors, *task.penalties)
        rate = task.learning_rate * SCHEDULES[task.schedule](self.iteration, task.iterations)
        self.optimiser.step(loss.sum(), rate)
        self.iteration += 1

        with torch.no_grad():
            iterate, loss = [tensor.detach() for tensor in iterate], loss.detach().double()
            self.losses[self.iteration - 1] = loss
            running = self.running
            if self.average is None:
                self.best, self.average = iterate, RunningAverage(iterate, loss)
            else:
                self.average.update(iterate, loss, running)
            scores = self.monitor(replace(evaluation, loss=loss)).double()
            better = running & (scores < self.lowest) & loss.isfinite()
            chosen = zip(self.best, iterate, strict=True)
            self.best = [torch.where(per_problem(better, new), new, old) for old, new in chosen]
            self.lowest = torch.where(better, scores, self.lowest)
            self.best_iteration = torch.where(better, self.iteration, self.best_iteration)
            self.last_gain = torch.where(better | ~scores.isfinite(), self.iteration, self.last_gain)
            self.stopped = torch.where(running & self._done(task.rule, scores), self.iteration, self.stopped)
        return iterate

    def _done(self, rule: Rule, scores: torch.Tensor) -> torch.Tensor:
        done = self.limits <= self.iteration
        if rule.patience is not None:
            done = done | (self.iteration - self.last_gain >= rule.patience)
        if rule.target is not None:
            done = done | (scores <= rule.target)
        return done

    def take_snapshot(self, iterate: list[torch.Tensor], start: float) -> None:
        """Keep iterate and average, in half precision on the host, and the time since `start`."""
        loss = self.losses[self.iteration - 1].cpu()
        # Only now has the device done what it was told.
        self.seconds = time.perf_counter() - start
        halves = [[tensor.to("cpu", torch.float16) for tensor in kept] for kept in (iterate, self.average.averages)]
        self.snapshots.append((self.iteration, self.seconds, loss, *halves))

    def save(self, path: Path, fingerprint: str) -> None:
        """Write the state to a file, all or nothing: where that fails, the last one stays, and the log says so."""
        kept = {name: getattr(self, name) for name in PLAIN}
        kept["networks"], kept["optimiser"] = self.networks.state_dict(), self.optimiser.state()
        kept["generators"] = [[generator.get_state() for generator in stack] for stack in self.generators]
        kept["average"], kept["monitor"] = vars(self.average), vars(self.monitor)
        save_checkpoint(path, fingerprint, kept)

    def load(self, path: Path, fingerprint: str) -> None:
        """Go on from the file, if it is of the same fit and version; ValueError if not."""
        kept = load_checkpoint(path, fingerprint, self.limits.device)
        with restoring(path):
            self._restore(kept)

    def _restore(self, kept: dict) -> None:
        vars(self).update({name: kept[name] for name in PLAIN})
        self.snapshots = [
            (iteration, seconds, loss.cpu(), [tensor.cpu() for tensor in last], [tensor.cpu() for tensor in average])
            for iteration, seconds, loss, last, average in self.snapshots
        ]
        self.networks.load_state_dict(kept["networks"])
        self.optimiser.restore(kept["optimiser"])
        for stack, states in zip(self.generators, kept["generators"], strict=True):
            for generator, state in zip(stack, states, strict=True):
                generator.set_state(state.cpu())
        self.average = RunningAverage([], self.lowest)
        vars(self.average).update(kept["average"])
        vars(self.monitor).update(kept["monitor"])


@contextmanager
def interrupts_noted(wanted: bool) -> Iterator[Callable[[], bool]]:
    """In this block, let an interrupt (SIGINT) be noted, for the function given to tell, in place of raised.

    A second one is raised. A block in which this is not `wanted`, or in which Python raises none, as in threads other
    than the main one, is left as it is.
    """
    noted, main = [], threading.current_thread() is threading.main_thread()
    if not wanted or not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: False
        return

    def note(number: int, frame: object) -> None:
        noted.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(noted)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def run(task: Task, progress: bool | None, checkpoint: Path | None) -> State:
    """Return the state after the last iteration, which is also the last checkpoint. See `factorise_many`."""
    state = State(task)
    fingerprint = task.fingerprint if checkpoint else ""
    if checkpoint and checkpoint.exists():
        state.load(checkpoint, fingerprint)
        logger.info("going on from %s, after iteration %d", checkpoint, state.iteration)
    budget = max(task.limits)
    milestones = set(snapshot_iterations(budget).tolist())
    stops_early = task.rule.patience is not None or task.rule.target is not None
    start, saved = time.perf_counter() - state.seconds, time.perf_counter()
    with (
        progress_bar("DeepTensor", budget, state.iteration, progress) as bar,
        interrupts_noted(checkpoint is not None) as interrupted,
    ):
        while state.iteration < budget:
            if stops_early and state.iteration % ITERATIONS_BETWEEN_QUESTIONS == 0 and not state.running.any():
                break
            iterate = state.advance(task)
            bar.update()
            if state.iteration in milestones:
                state.take_snapshot(iterate, start)
                losses = state.snapshots[-1][2]
                logger.info("iteration %d of %d: loss %.4g", state.iteration, budget, losses.mean())
            stop = interrupted()
            if checkpoint and (stop or time.perf_counter() - saved > SECONDS_BETWEEN_CHECKPOINTS):
                state.seconds = time.perf_counter() - start
                state.save(checkpoint, fingerprint)
                saved = time.perf_counter()
            if stop:
                raise KeyboardInterrupt
    if checkpoint:
        state.save(checkpoint, fingerprint)
    return state
