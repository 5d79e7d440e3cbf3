"""The process in which a method runs: `python -m benchmark.worker JOB.json`, started and watched by the runner.

Each item's outcome is written as soon as it is known, so that a crash or a time limit loses no finished item.
"""

import json
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.contract import Estimate, Problem, Skipped, answer_shape, compose
from benchmark.loading import load_module
from benchmark.measure import known_noise, operator_from
from benchmark.provenance import peak_rss_mib
from benchmark.seeds import seed_for
from benchmark.storage import load_arrays, pack, parts_of, save_arrays, save_json

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
    """Load the method, wait for the device, and run item by item; the outcome of item n goes to `n.json`, `n.npz`.

    A method with a function `solve_many` gets all items of equal shape and rank in one call, but not items with
    operators; where that call fails, it gets them one by one.
    """
    started = time.perf_counter()
    observed = load_arrays(Path(job["observed"]))
    method = load_module(Path(job["method"]))
    device = available(job["device"])
    clock = _warm_clock(device)
    common = {"warmup_seconds": time.perf_counter() - started, "device_name": _device_name(device)}
    params, alone = job["params"], one_by_one(method.solve)

    def run(solve_many: Callable, numbers: Sequence[int]) -> list[dict]:
        items = [job["items"][number] for number in numbers]
        problems = [pose(job, item, observed) for item in items]
        seeds = [seed_for(job["seed"], item["name"]) for item in items]
        results = attempt(solve_many, problems, job["task"], seeds, device, params, clock)
        for number, item, (outcome, estimate) in zip(numbers, items, results, strict=True):
            if outcome["status"] == "ok":
                save_arrays(folder / f"{number}.npz", pack(estimate, item["name"]))
            save_json(folder / f"{number}.json", outcome | common)
        return [outcome for outcome, _ in results]

    for numbers in batches(job["items"], together=hasattr(method, "solve_many") and "operator" not in job["noise"]):
        if len(numbers) == 1:
            run(alone, numbers)
        elif any(outcome["status"] == "failed" for outcome in run(method.solve_many, numbers)):
            for number in numbers:  # so that one bad item costs no other
                run(alone, [number])


def one_by_one(solve: Callable) -> Callable:
    """Return a `solve_many` that calls `solve` for each problem."""

    def solve_many(problems: Sequence[Problem], *, seeds: Sequence[int], device: str, **params) -> list[Estimate]:
        return [
            solve(problem, seed=seed, device=device, **params) for problem, seed in zip(problems, seeds, strict=True)
        ]

    return solve_many


def batches(items: Sequence[Mapping], together: bool) -> list[list[int]]:
    """Return the numbers of the items, one by one or `together` where shape and rank are equal."""
    groups: dict[object, list[int]] = {}
    for number, item in enumerate(items):
        groups.setdefault((*item["shape"], item["rank"]) if together else number, []).append(number)
    return list(groups.values())


def pose(job: Mapping, item: Mapping, observed: Mapping[str, np.ndarray]) -> Problem:
    """Return the problem of an item, from the arrays of the observation file."""
    name, shape = item["name"], tuple(item["shape"])
    operator = None if job["sees_truth"] else operator_from(job["noise"], parts_of(observed, name), shape)
    return Problem(
        observed=observed[name],
        rank=math.prod(shape[1:]) if job["complete"] else item["rank"],
        data_range=1.0,
        noise=known_noise(job["noise"]),
        operator=operator,
    )


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
    solve_many: Callable,
    problems: Sequence[Problem],
    task: str,
    seeds: Sequence[int],
    device: str,
    params: dict,
    clock: Callable[[], float],
) -> list[tuple[dict, Estimate | None]]:
    """Time a call of a method and check its answers; an error is an outcome like any other.

    Of a call for several problems, each is said to have taken an equal share of the time.
    """
    estimates, status, message = [None] * len(problems), "ok", ""
    started = clock()
    try:
        estimates = solve_many(problems, seeds=seeds, device=device, **params)
    except Skipped as reason:
        status, message = "skipped", str(reason)
    except Exception as error:
        log.exception("the method raised")
        status, message = "failed", f"{type(error).__name__}: {error}"
    measured = {
        "seconds": (clock() - started) / len(problems),
        "peak_rss_mib": peak_rss_mib(),
        "peak_gpu_mib": _peak_gpu_mib(device),
    }
    outcomes = []
    for problem, estimate in zip(problems, estimates, strict=True):
        verdict = judge(estimate, answer_shape(task, problem)) if status == "ok" else (status, message)
        iterations = estimate.iterations if verdict[0] == "ok" else None
        outcomes.append((outcome_of(*verdict, iterations=iterations, **measured), estimate))
    return outcomes


def judge(estimate: object, shape: tuple[int, ...]) -> tuple[str, str]:
    """Return the status of an estimate that should have the given shape, and what is wrong with it."""
    if not isinstance(estimate, Estimate):
        return "failed", f"returned {type(estimate).__name__}, not an Estimate"
    if (estimate.signal is None) == (estimate.factors is None):
        return "failed", "an Estimate holds either a signal or factors"
    signal = compose(estimate.answer)
    if signal.shape != shape:
        return "failed", f"returned shape {signal.shape}, where {shape} was asked for"
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
