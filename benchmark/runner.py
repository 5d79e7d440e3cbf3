"""Runs one method on one observation file in a process of its own: limits, measures, records, never raises for it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmark.plan import ROOT, digest_of, literals_of, missing_packages, sources_of
from benchmark.provenance import cpu_name, git_state, versions
from benchmark.storage import load_arrays, load_json, save_arrays, save_json
from benchmark.worker import outcome_of

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class MethodChanged(RuntimeError):
    """The files of a method were edited while it ran, so that nobody could tell what ran."""


def run_method(
    method: Path,
    task: str,
    params: Mapping,
    observed: Path,
    facts: Mapping,
    noise: Mapping,
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
    answer and an exceeded limit become the status of the items concerned. Raises MethodChanged if the method's files
    are not at the end what they were at the start.
    """
    items, code = facts["items"], sources_of(method)
    run = {
        "seed": seed,
        "params": params,
        "code_sha256": digest_of(code),
        "cpu_name": cpu_name(),
        "threads": threads,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        **git_state(),
        **versions(),
    }
    job = {
        "method": str(method),
        "task": task,
        "sees_truth": literals_of(method).get("SEES_TRUTH", False),
        "complete": literals_of(method).get("COMPLETE", False),
        "params": params,
        "observed": str(observed),
        "items": items,
        "noise": noise,
        "seed": seed,
        "device": device,
    }
    for leftover in record_out.parent.glob("unfinished-*"):
        if not psutil.pid_exists(int(leftover.name.rpartition("-")[2])):
            shutil.rmtree(leftover)
    scratch = record_out.parent / f"unfinished-{os.getpid()}"
    save_json(scratch / "job.json", job)
    if missing := missing_packages(literals_of(method)):
        names = " ".join(missing)
        fallback = outcome_of("skipped", f"needs the package {names}, which is not installed: pip install {names}")
    else:
        fallback = outcome_of(*_run_worker(scratch / "job.json", threads, time_limit, log_file))
    records, arrays = [], {}
    for number, item in enumerate(items):
        outcome, estimate = scratch / f"{number}.json", scratch / f"{number}.npz"
        identity = {"item": item["name"], "rank": item["rank"], "data_sha256": item["sha256"]}
        records.append(identity | (load_json(outcome) if outcome.exists() else fallback))
        if estimate.exists():
            arrays |= load_arrays(estimate)
    if digest_of(code) != run["code_sha256"]:
        raise MethodChanged(f"{method} or a file that it imports changed while it ran: run it again")
    save_arrays(estimate_out, arrays)
    save_json(record_out, {"run": run, "items": records})
    shutil.rmtree(scratch)


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
