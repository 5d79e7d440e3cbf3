"""Seconds of several functions beside each other, on a machine that does other work, too."""

import time
from collections.abc import Callable, Sequence

import numpy as np


def by_turns(functions: Sequence[Callable[[], object]], repetitions: int) -> np.ndarray:
    """Return the processor's seconds of every call (functions x repetitions) by turns, after one of each in advance."""
    seconds = np.zeros((len(functions), repetitions + 1))
    for repetition in range(repetitions + 1):
        for number, function in enumerate(functions):
            started = time.thread_time()
            function()
            seconds[number, repetition] = time.thread_time() - started
    return seconds[:, 1:]
