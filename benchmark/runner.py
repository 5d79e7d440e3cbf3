"""Runs one method on one observation file in a process of its own: limits, measures, records, never raises for it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmark.plan import ROOT, literals_of, missing_packages, sources_of
from benchmark.provenance import cpu_name, git_state, versions
from benchmark.storage import (
    load_arrays,
    load_json,
    save_arrays,
    save_json,
    sha256_of_array,
    sha256_of_files,
)

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def run_method(
    method: Path,
    params: Mapping,
    observed: Path,
    facts: Mapping,
    noise: Mapping | None,
    seed: int,
    device: str,
    threads: int,
    time_limit: float,
    estimate_out: Path,
    record_out: Path,
    log_file: Path,
) -> None:
    """Run a method on every item of an observation file; write the raw estimates and the record of each item.

    `time_limit` is in seconds for all items together. A missing package, an error, a crash, a wrong or non-finite
    answer and an exceeded limit become the status of the items concerned.
    """
    items = facts["items"]
    started = datetime.now(UTC).isoformat(timespec="seconds")
    scratch = record_out.parent / "unfinished"
    shutil.rmtree(scratch, ignore_errors=True)  # a killed run leaves one
    job_file = scratch / "job.json"
    job = {
        "method": str(method),
        "params": params,
        "observed": str(observed),
        "items": items,
        "noise": noise,
        "seed": seed,
        "device": device,
    }
    save_json(job_file, job)
    if missing := missing_packages(literals_of(method)):
        names = " ".join(missing)
        fallback = ("skipped", f"needs the package {names}, which is not installed: pip install {names}")
    else:
        fallback = _run_worker(job_file, threads, time_limit, log_file)
    outcomes, arrays = [], {}
    for number in range(len(items)):
        outcome, estimate = job_file.with_name(f"{number}.json"), job_file.with_name(f"{number}.npz")
        outcomes.append(load_json(outcome) if outcome.exists() else _without_outcome(*fallback))
        if estimate.exists():
            arrays |= {f"{items[number]['name']}/{key}": array for key, array in load_arrays(estimate).items()}
    shutil.rmtree(scratch)
    signals = load_arrays(observed)
    run = {
        "seed": seed,
        "params": params,
        "code_sha256": sha256_of_files(sources_of(method)),
        "cpu_name": cpu_name(),
        "device_name": _device_name(device),
        "threads": threads,
        "started": started,
        **git_state(),
        **versions(),
    }
    per_item = [
        {"item": item["name"], "data_sha256": sha256_of_array(signals[item["name"]]), **outcome}
        for item, outcome in zip(items, outcomes, strict=True)
    ]
    save_arrays(estimate_out, arrays)
    save_json(record_out, {"run": run, "items": per_item})


def _run_worker(job_file: Path, threads: int, time_limit: float, log_file: Path) -> tuple[str, str]:
    """Run the worker and return the status and message of the items that it leaves without an outcome."""
    environment = os.environ | {name: str(threads) for name in THREAD_VARIABLES} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "benchmark.worker", str(job_file)]
    with log_file.open("a") as log:
        # A pipe that is never written to: the worker leaves when it closes.
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment)
        try:
            code = worker.wait(timeout=time_limit)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
            return "timeout", f"not finished within the time limit of {time_limit:g} s"
        finally:
            worker.stdin.close()
    if code < 0:
        name = signal.Signals(-code).name
        hint = " (most often: memory ran out)" if name == "SIGKILL" else ""
        return "failed", f"the process was ended by {name}{hint}"
    return "failed", f"the process ended with exit status {code}: see {log_file}"


def _without_outcome(status: str, message: str) -> dict:
    measured = ("seconds", "warmup_seconds", "iterations", "peak_rss_mib", "peak_gpu_mib")
    return {"status": status, "message": message} | dict.fromkeys(measured)


def _device_name(device: str) -> str:
    if device == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name(device)
