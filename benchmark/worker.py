"""The process in which a method runs: `python -m benchmark.worker JOB.json`, started and watched by the runner.

Each item's outcome is written as soon as it is known, so that a crash or a time limit loses no finished item.
"""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmark.contract import Estimate, Problem, compose
from benchmark.loading import load_module
from benchmark.noise import noise_from
from benchmark.provenance import peak_rss_mib
from benchmark.seeds import seed_for
from benchmark.storage import load_arrays, pack, save_arrays, save_json

log = logging.getLogger(__name__)

MEASURED = ("seconds", "warmup_seconds", "iterations", "peak_rss_mib", "peak_gpu_mib", "device_name")


def main(job_file: Path) -> None:
    """Run the method of a job file on each of its items; what prevents that is the outcome of the items left."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    job = json.loads(job_file.read_text())
    try:
        run_items(job, job_file.parent)
    except Exception as error:
        log.exception("the method could not be started")
        for number in range(len(job["items"])):
            if not (job_file.parent / f"{number}.json").exists():
                save_json(job_file.parent / f"{number}.json", outcome_of("failed", f"{type(error).__name__}: {error}"))


def run_items(job: Mapping, folder: Path) -> None:
    """Load the method, wait for the device, and run item by item; the outcome of item n goes to `n.json`, `n.npz`."""
    started = time.perf_counter()
    observed = load_arrays(Path(job["observed"]))
    solve = load_module(Path(job["method"])).solve
    device = available(job["device"])
    clock = _warm_clock(device)
    common = {"warmup_seconds": time.perf_counter() - started, "device_name": _device_name(device)}
    for number, item in enumerate(job["items"]):
        problem = Problem(
            observed=observed[item["name"]],
            rank=item["rank"],
            data_range=1.0,
            noise=noise_from(job["noise"]),
        )
        outcome, estimate = attempt(solve, problem, seed_for(job["seed"], item["name"]), device, job["params"], clock)
        if outcome["status"] == "ok":
            save_arrays(folder / f"{number}.npz", pack(estimate, item["name"]))
        save_json(folder / f"{number}.json", outcome | common)


def available(device: str) -> str:
    """Return `cpu` or `cuda`; `auto` is the GPU if torch finds one."""
    if device == "cpu":
        return device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "auto":
        log.warning("torch %s finds no GPU: running on the CPU", torch.__version__)
        return "cpu"
    raise RuntimeError(f"torch {torch.__version__} finds no GPU: install a CUDA build, or set device to auto or cpu")


def outcome_of(status: str, message: str, **measured: float | None) -> dict:
    """Return the outcome of an item, with nothing measured but what is given."""
    return {"status": status, "message": message} | dict.fromkeys(MEASURED) | measured


def attempt(
    solve: Callable, problem: Problem, seed: int, device: str, params: dict, clock: Callable[[], float]
) -> tuple[dict, Estimate | None]:
    """Time one call of a method and check what it returns; an error is an outcome like any other."""
    estimate, status, message = None, "ok", ""
    started = clock()
    try:
        estimate = solve(problem, seed=seed, device=device, **params)
    except Exception as error:
        log.exception("the method raised")
        status, message = "failed", f"{type(error).__name__}: {error}"
    seconds = clock() - started
    if status == "ok":
        status, message = judge(estimate, problem.observed.shape)
    outcome = outcome_of(
        status,
        message,
        seconds=seconds,
        iterations=estimate.iterations if status == "ok" else None,
        peak_rss_mib=peak_rss_mib(),
        peak_gpu_mib=_peak_gpu_mib(device),
    )
    return outcome, estimate


def judge(estimate: object, shape: tuple[int, ...]) -> tuple[str, str]:
    """Return the status of an estimate for a signal of the given shape, and what is wrong with it."""
    if not isinstance(estimate, Estimate):
        return "failed", f"returned {type(estimate).__name__}, not an Estimate"
    if (estimate.signal is None) == (estimate.factors is None):
        return "failed", "an Estimate holds either a signal or factors"
    signal = compose(estimate.answer)
    if signal.shape != shape:
        return "failed", f"returned shape {signal.shape} for a signal of shape {shape}"
    if np.iscomplexobj(signal):
        return "failed", "returned complex values"
    bad = int(np.count_nonzero(~np.isfinite(signal)))
    return ("nonfinite", f"{bad} of {signal.size} values are NaN or infinite") if bad else ("ok", "")


def _warm_clock(device: str) -> Callable[[], float]:
    """Return a clock that waits for the device, which is ready (modules loaded, context made, memory at zero)."""
    if device == "cpu" and "torch" not in sys.modules:
        return time.perf_counter
    import torch

    # A process's first optimiser imports for seconds.
    torch.optim.Adam([torch.zeros(1, device=device, requires_grad=True)])
    if device == "cpu":
        return time.perf_counter
    torch.cuda.reset_peak_memory_stats()

    def synchronised() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return synchronised


def _peak_gpu_mib(device: str) -> float | None:
    if device == "cpu":
        return None
    import torch

    return torch.cuda.max_memory_allocated() / 2**20


def _device_name(device: str) -> str:
    if device == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name(device)


def _die_with_parent() -> None:
    """Leave when the runner is gone, even if it was killed: it holds the other end of standard input."""
    os.read(0, 1)  # not through `sys.stdin`, whose lock would be missed at exit
    os._exit(1)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    main(Path(sys.argv[1]))
