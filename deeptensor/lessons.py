"""The lessons of a network that learns from the data that it is for: their settings, their loop and its checkpoint."""

import logging
import time
from collections.abc import Callable
from math import inf
from pathlib import Path

import torch
from torch import nn

from deeptensor.adam import Adam
from deeptensor.arguments import check_flag, check_positive, check_whole
from deeptensor.checkpoints import SECONDS_BETWEEN_CHECKPOINTS, load_checkpoint, restoring, save_checkpoint
from deeptensor.progress import progress_bar
from deeptensor.teaching import rate_factor

logger = logging.getLogger(__name__)

# How many times the largest magnitude in the data an answer has that is none.
DIVERGED = 100.0


def check_lessons(
    channels: int, scales: int, iterations: int, learning_rate: float, seed: int, progress: bool | None
) -> None:
    """Raise ValueError for settings that make no sense."""
    for name, value, least in (("channels", channels, 1), ("scales", scales, 0), ("iterations", iterations, 1)):
        check_whole(name, value, least)
    check_whole("seed", seed, 0)
    check_positive("learning_rate", learning_rate)
    if progress is not None:
        check_flag("progress", progress)


def refuse_divergence(values: torch.Tensor, when: str, learning_rate: float, largest: float = inf) -> None:
    """Raise FloatingPointError unless values are finite, and none is a hundred times `largest`; `when` tells when."""
    if not (values.isfinite() & (values.abs() <= DIVERGED * largest)).all():
        raise FloatingPointError(f"the network diverged {when}: lower learning_rate, which is {learning_rate:g}")


def learn(
    student: nn.Module,
    draw_loss: Callable[[], torch.Tensor],
    generator: torch.Generator,
    *,
    iterations: int,
    learning_rate: float,
    title: str,
    progress: bool | None,
    path: Path | None,
    fingerprint: str,
) -> None:
    """Lower the losses that `draw_loss` returns, one in each iteration, by Adam at a rate that falls.

    `draw_loss` takes its random numbers from `generator`, whose state the checkpoint at `path` holds with the others.
    Raises FloatingPointError for a loss that is not finite.
    """
    optimiser = Adam(student.parameters())
    done = _restore(path, fingerprint, student, optimiser, generator) if path and path.exists() else 0
    saved = time.perf_counter()
    with progress_bar(title, iterations, done, progress) as bar:
        for iteration in range(done, iterations):
            loss = draw_loss()
            refuse_divergence(loss, f"in iteration {iteration + 1} of {iterations}", learning_rate)
            optimiser.step(loss, learning_rate * rate_factor(iteration, iterations))
            bar.update()
            if path and time.perf_counter() - saved > SECONDS_BETWEEN_CHECKPOINTS:
                saved = time.perf_counter()
                state = {
                    "iteration": iteration + 1,
                    "network": student.state_dict(),
                    "generator": generator.get_state(),
                }
                save_checkpoint(path, fingerprint, state | {"optimiser": optimiser.state()})


def _restore(path: Path, fingerprint: str, student: nn.Module, optimiser: Adam, generator: torch.Generator) -> int:
    """Go on from a checkpoint; return its iteration."""
    state = load_checkpoint(path, fingerprint, next(student.parameters()).device)
    with restoring(path):
        student.load_state_dict(state["network"])
        optimiser.restore(state["optimiser"])
        generator.set_state(state["generator"].cpu())
        done = int(state["iteration"])
    logger.info("going on from %s, after iteration %d", path, done)
    return done
