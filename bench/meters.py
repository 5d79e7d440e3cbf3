"""Meters of time, memory, operations and of the machine's own speed."""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.cases import Case
from bench.sides import SIDES, by_reference, observations
from benchmark.provenance import peak_rss_mib

# The iterations of the short fit, and of the fits whose memory is measured.
SHORT = 2


class Meter:
    """A clock of one iteration of a fit, a function of the number of iterations."""

    def __init__(self, fit: Callable[..., object], seconds: float, device: str):
        """Warm up, and choose a length whose additional iterations take about `seconds`."""
        self.fit, self.device = fit, device
        self._wall(SHORT)
        short, longer = self._wall(SHORT), self._wall(3 * SHORT)
        # The second: a disturbed measurement must not make the fit endless.
        estimate = max((longer - short) / (2 * SHORT), longer / (12 * SHORT))
        self.long = SHORT + max(1, round(seconds / estimate))

    def read(self) -> float:
        """Return the seconds of one iteration, without set-up."""
        short, long = self._wall(SHORT), self._wall(self.long)
        return (long - short) / (self.long - SHORT)

    def _wall(self, iterations: int) -> float:
        started = _now(self.device)
        self.fit(iterations=iterations, device=self.device)
        return _now(self.device) - started


def peak_mib(side: str, case: Case, batch: int, device: str) -> float:
    """Return the memory in MiB that a side takes for a short fit of `batch` realisations, in a process of its own.

    On the CPU: the peak of the resident memory above that before the fit. On a GPU: torch's peak of allocated memory.
    """
    context = multiprocessing.get_context("spawn")  # nothing of this process is inherited
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_peak_mib, side, case, batch, device, torch.get_num_threads()).result()


def _peak_mib(side: str, case: Case, batch: int, device: str, threads: int) -> float:
    torch.set_num_threads(threads)
    Ys = observations(case, batch)
    # A process's first optimiser imports for seconds, and takes memory.
    torch.optim.Adam([torch.zeros(1, device=device, requires_grad=True)])
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")  # the peak starts anew
    before = psutil.Process().memory_info().rss / 2**20
    SIDES[side](case, Ys, iterations=SHORT, device=device)
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return peak_rss_mib() - before


def gflop_an_iteration(case: Case, Y: np.ndarray, device: str) -> float:
    """Return the 10^9 operations of one step of the reference: its convolutions and products, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        by_reference(case, [Y], 1, device)
    return counter.get_total_flops() / 1e9


def sgemm_gflops(device: str) -> float:
    """Return the machine's rate, in 10^9 operations a second, for the product of large matrices in single precision."""
    return product_gflops(8192 if device == "cuda" else 2048, torch.float32, device)


def product_gflops(size: int, dtype: torch.dtype, device: str) -> float:
    """Return the rate, in 10^9 operations a second, for the product of two square matrices."""
    left, right = torch.rand(2, size, size, device=device).to(dtype)
    return 2e-9 * size**3 / fastest(partial(torch.matmul, left, right), device)


def fastest(call: Callable[[], object], device: str) -> float:
    """Return the seconds of the quickest of six calls after a first."""
    call()
    seconds = []
    for _ in range(6):
        started = _now(device)
        call()
        seconds.append(_now(device) - started)
    return min(seconds)


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
