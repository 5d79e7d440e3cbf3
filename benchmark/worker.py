"""The process in which a method runs: `python -m benchmark.worker JOB.json`, started and watched by the runner.

Each item's outcome is written as soon as it is known, so that a crash or a time limit loses no finished item.
"""

import errno
import gc
import json
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

import psutil

from benchmark.answers import NoAnswer, check_answer, size_of
from benchmark.contract import Estimate, Problem, Skipped
from benchmark.environment import players
from benchmark.loading import load_module
from benchmark.posing import observation_of, problem_of
from benchmark.provenance import peak_rss_mib
from benchmark.seeds import seed_for
from benchmark.source import PACKAGES
from benchmark.storage import DISK_FULL, is_of_full_disk, load_arrays, pack, parts_of, save_arrays, save_json

log = logging.getLogger(__name__)

MEASURED = ("seconds", "warmup_seconds", "iterations", "peak_rss_mib", "peak_gpu_mib", "device_name")
Results = list[tuple[dict, Estimate | None]]
# As in `torch.optim.Adam`, and in `from torch import optim`: the first one of a process imports for seconds. The
# function that takes one step of Adam does not.
OPTIMISER = re.compile(r"\boptim\b(?!\.adam import adam\b)")
# What libraries say whose errors are no MemoryError.
OUT_OF_MEMORY = re.compile("out of memory|can.?t allocate memory|cannot allocate memory", re.IGNORECASE)


def main(job_file: Path) -> None:
    """Run the method of a job file on each of its items; what prevents that is the outcome of the items left.

    But for a full disk, which is raised.
    """
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with suppress(OSError):  # where memory runs out, the kernel ends this process before those that wait for it
        Path("/proc/self/oom_score_adj").write_text("1000")
    job = json.loads(job_file.read_text())
    try:
        run_items(job, job_file.parent)
    except Exception as error:
        if is_of_full_disk(error):
            raise
        status, message = ("skipped", str(error)) if isinstance(error, Skipped) else ("failed", reason_of(error))
        if status == "failed":
            log.exception("the method could not be started")
        for number in range(len(job["items"])):
            if not (job_file.parent / f"{number}.json").exists():
                save_json(job_file.parent / f"{number}.json", outcome_of(status, message))


def run_items(job: Mapping, folder: Path) -> None:
    """Load the method, wait for the device, and run item by item; the outcome of item n goes to `n.json`, `n.npz`.

    A method with a function `solve_many` gets all items of equal shape and rank in one call, but not items with
    operators; where that call fails, it gets them one by one.
    """
    started, run = time.perf_counter(), job["run"]
    gc.disable()  # what is imported stays: to look for garbage in it costs a tenth of the start
    method, task = load_module(Path(job["method"])), load_module(Path(job["task"]))
    for package in getattr(method, "REQUIRES", ()):  # `solve` may import it, which counts as no method's seconds
        import_module(package)
    problems = posed(job, task)
    device = available(run["device"])
    if device not in getattr(method, "DEVICES", {device}):
        raise Skipped(f"it runs on {', '.join(sorted(method.DEVICES))} alone, and this run is on {device}")
    clock = _warm_clock(device, method)
    common = {"warmup_seconds": time.perf_counter() - started, "device_name": _device_name(device)}
    gc.enable()

    def attempt(solve_many: Callable, numbers: Sequence[int]) -> list[str]:
        own, items = [problems[number] for number in numbers], [job["items"][number] for number in numbers]
        seeds = [seed_for(run["seed"], item["name"]) for item in items]
        estimates, failure, measured = timed(solve_many, own, seeds, device, run["params"], clock)
        statuses = []
        for number, item, problem, estimate in zip(numbers, items, own, estimates, strict=True):
            status, message = failure or verdict_on(estimate, task, problem)
            own_measured = measured
            if status == "ok":
                save_arrays(folder / f"{number}.npz", pack(estimate, item["name"]))
                iterations = None if estimate.iterations is None else int(estimate.iterations)
                own_measured = measured | {"iterations": iterations}
            save_json(folder / f"{number}.json", outcome_of(status, message, **own_measured) | common)
            statuses.append(status)
        return statuses

    alone = one_by_one(method.solve)
    for numbers in batches(problems, together=hasattr(method, "solve_many")):
        if len(numbers) == 1:
            attempt(alone, numbers)
        elif "failed" in attempt(method.solve_many, numbers):
            if job["connection"] is None:  # the call may have changed them
                problems = posed(job, task)
            for number in numbers:  # so that one bad item costs no other
                attempt(alone, [number])


def posed(job: Mapping, task: ModuleType) -> list[Problem]:
    """Return the problems of the items of a job."""
    arrays, observation = load_arrays(Path(job["problems"])), observation_of(job["run"]["observation"], task)
    flags = {name: job[name] for name in ("sees_truth", "complete")}
    plays = players(job["connection"], len(job["items"]))
    return [
        problem_of(parts_of(arrays, item["name"]), observation, item["rank"], item["budget"], **flags, play=play)
        for item, play in zip(job["items"], plays, strict=True)
    ]


def one_by_one(solve: Callable) -> Callable:
    """Return a `solve_many` that calls `solve` for each problem."""

    def solve_many(problems: Sequence[Problem], *, seeds: Sequence[int], device: str, **params) -> list[Estimate]:
        return [
            solve(problem, seed=seed, device=device, **params) for problem, seed in zip(problems, seeds, strict=True)
        ]

    return solve_many


def batches(problems: Sequence[Problem], together: bool) -> list[list[int]]:
    """Return the numbers of the problems, one by one or `together` where shape and rank are equal."""
    groups: dict[object, list[int]] = {}
    for number, problem in enumerate(problems):
        alike = together and problem.operator is None
        groups.setdefault((problem.observed.shape, problem.rank) if alike else number, []).append(number)
    return list(groups.values())


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
    """Return the outcome of an item, with nothing measured but what is given; signs that are no text are replaced."""
    text = "".join(sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in message)
    return {"status": status, "message": text} | dict.fromkeys(MEASURED) | measured


def reason_of(error: Exception) -> str:
    """Return an error as the message of an outcome, which says so where memory ran out."""
    said = f"{type(error).__name__}: {error}"
    short = (
        isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM or OUT_OF_MEMORY.search(said)
    )
    return f"out of memory: {said}" if short else said


def timed(
    solve_many: Callable,
    problems: Sequence[Problem],
    seeds: Sequence[int],
    device: str,
    params: Mapping,
    clock: Callable[[], float],
) -> tuple[Sequence, tuple[str, str] | None, dict[str, float | None]]:
    """Call a method; return what it returned, or the status and message of its failure, and what the call took.

    Of a call for several problems, each is said to have taken an equal share of the time. A full disk is raised.
    """
    returned, failure = [None] * len(problems), None
    started = clock()
    try:
        returned = solve_many(problems, seeds=seeds, device=device, **params)
        if len(returned) != len(problems):
            raise NoAnswer(f"returned {len(returned)} estimates for {len(problems)} problems")
    except Skipped as reason:
        failure = "skipped", str(reason) or "the method gave no reason"
    except Exception as error:
        if is_of_full_disk(error):
            raise
        log.exception("the method raised")
        failure = "failed", reason_of(error)
    measured = {
        "seconds": (clock() - started) / len(problems),
        "peak_rss_mib": peak_rss_mib(),
        "peak_gpu_mib": _peak_gpu_mib(device),
    }
    return [None] * len(problems) if failure else returned, failure, measured


def verdict_on(estimate: object, task: ModuleType, problem: Problem) -> tuple[str, str]:
    """Return the status of what a method returned for a problem, and what is wrong with it."""
    try:
        shape, optional = task.answer_shape(problem), frozenset(getattr(task, "OPTIONAL", ()))
        bad = check_answer(estimate, shape, optional)
    except NoAnswer as fault:
        return "failed", str(fault)
    return ("nonfinite", f"{bad} of {size_of(estimate.answer)} values are NaN or infinite") if bad else ("ok", "")


def _warm_clock(device: str, method: ModuleType) -> Callable[[], float]:
    """Return a clock that waits for the device, which is ready (modules loaded, context made, memory at zero)."""
    if device == "cpu" and not _optimises(method):
        return time.perf_counter
    import torch

    torch.optim.Adam([torch.zeros(1, device=device, requires_grad=True)])
    if device == "cpu":
        return time.perf_counter
    torch.cuda.reset_peak_memory_stats()

    def synchronised() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return synchronised


def _optimises(method: ModuleType) -> bool:
    """Tell whether the file of a method, or a module of this project that is loaded, names PyTorch's optimisers."""
    loaded = [module for name, module in sys.modules.items() if name.partition(".")[0] in PACKAGES]
    files = [Path(file) for own in (method, *loaded) if (file := getattr(own, "__file__", None))]
    return any(OPTIMISER.search(file.read_text(encoding="utf-8")) for file in files)


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


def end_children(pid: int | None = None) -> None:
    """End all that a process, by default this one, has started, in sessions of their own too."""
    with suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                child.kill()


def _die_with_parent() -> None:
    """Leave, with all that the method started, when the runner is gone: it holds the other end of standard input."""
    os.read(0, 1)  # not through `sys.stdin`, whose lock would be missed at exit
    end_children()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    status = 1
    try:
        main(Path(sys.argv[1]))
        status = 0
    except SystemExit as leaving:  # a method can ask for it
        log.info("the method ended its process by sys.exit(%r)", leaving.code)
        status = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException as error:
        log.exception("the worker ends")
        status = DISK_FULL if is_of_full_disk(error) else 1
    finally:
        # All is written: a thread or a process that the method has left behind would keep this one, or the processor.
        end_children()
        logging.shutdown()
        os._exit(status)
