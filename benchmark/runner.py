"""Runs one method on the problems of a cell in a process of its own: limits, measures, records, never raises for it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import psutil

from benchmark.environment import environment
from benchmark.forkserver import PACKAGE, Fork, is_there
from benchmark.methods import Run, limited_to, method_code, missing_packages
from benchmark.provenance import cpu_name, git_state, versions
from benchmark.source import ROOT, literals_of, loads
from benchmark.storage import DISK_FULL, full_disk, load_arrays, load_json, save_arrays, save_json, sha256_of_items
from benchmark.worker import end_children, outcome_of

WORKER = "benchmark.worker"
# What an environment logs.
PLAYED = "played.npz"


class MethodChanged(RuntimeError):
    """The files of a method were edited while it ran, so that nobody could tell what ran."""


def run_method(
    run: Run,
    problems: Path,
    facts: Path,
    folder: Path,
    log_file: Path,
    time_limit: float,
    withheld: Path | None = None,
) -> None:
    """Run a method on every item of a file of problems; write `estimate.npz` and `record.json` of all to a folder.

    Of a task with an environment, that gets the file of what is `withheld`, and its log is the method's answer.
    `time_limit` is in seconds for all items together. A missing package, an error, a crash, a wrong or non-finite
    answer and an exceeded limit become the status of the items concerned. Raises MethodChanged if the method's code is
    not at the end what it was at the start, Unusable if the problems or the facts are damaged, and OSError if a disk is
    full, also where the method finds it so.
    """
    method, items = ROOT / run.file, load_json(facts)["items"]
    literals, code, digests = literals_of(method), method_code(method), sha256_of_items(problems)
    origin = {
        "file": run.file,
        "seed": run.seed,
        "params": run.params,
        "observation": run.observation,
        "code_sha256": code,
        "cpu_name": cpu_name(),
        "threads": run.threads,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        **git_state(),
        **versions(),
    }
    paths = {
        "method": str(method),
        "task": str(ROOT / run.task_file),
        "problems": str(problems.absolute()),
    }
    flags = {"sees_truth": literals.get("SEES_TRUTH", False), "complete": literals.get("COMPLETE", False)}
    with _scratch_in(folder) as scratch:
        played = scratch / PLAYED
        if missing := missing_packages(literals.get("REQUIRES", [])):
            names = " ".join(missing)
            fallback = outcome_of("skipped", f"needs the package {names}, which is not installed: pip install {names}")
        else:
            variables = os.environ | limited_to(run.threads) | {"PYTHONPATH": str(ROOT)}
            job = {"run": asdict(run), "items": items} | paths | flags
            beside = environment(job, withheld, played, log_file, variables) if withheld else nullcontext()
            with beside as connection:
                save_json(scratch / "job.json", job | {"connection": connection})
                forked = loads(method, PACKAGE)
                left = _run_worker(scratch / "job.json", forked, variables, time_limit, log_file, connection)
                fallback = outcome_of(*left)
        records, arrays = [], {}
        for number, item in enumerate(items):
            outcome, estimate = scratch / f"{number}.json", scratch / f"{number}.npz"
            identity = {"item": item["name"], "rank": item["rank"], "data_sha256": item["sha256"]}
            identity["problem_sha256"] = digests[item["name"]]
            found = load_json(outcome) if outcome.exists() else fallback
            if withheld and estimate.exists() and not played.exists():
                found |= {
                    "status": "failed",
                    "message": f"the environment ended before it wrote its log: see {log_file}",
                }
            elif estimate.exists():
                arrays |= load_arrays(played, f"{item['name']}/") if withheld else load_arrays(estimate)
            records.append(identity | found)
        if method_code(method) != code:
            raise MethodChanged(f"{method} or a file that it imports changed while it ran: run it again")
        save_arrays(folder / "estimate.npz", arrays)
        save_json(folder / "record.json", {"run": origin, "items": records})


@contextmanager
def _scratch_in(folder: Path) -> Iterator[Path]:
    """Give a folder for what is unfinished, which nothing is left of; nor of those whose processes were killed."""
    for leftover in folder.glob("unfinished-*"):
        owner = int(leftover.name.rpartition("-")[2])
        if owner == os.getpid() or not psutil.pid_exists(owner):
            shutil.rmtree(leftover)
    scratch = folder.absolute() / f"unfinished-{os.getpid()}"
    scratch.mkdir(parents=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch)


def _started(
    job_file: Path, forked: bool, variables: Mapping[str, str], connection: int | None, log: TextIO
) -> subprocess.Popen | Fork:
    """Start a worker in a session of its own, so that what the method starts can be ended with it.

    It is `forked` by the process that does so, where there is one. Its standard input is never written to: the worker
    leaves when it closes.
    """
    if forked and is_there():
        with suppress(OSError):  # it may have gone
            return Fork(WORKER, str(job_file), variables, log.fileno(), connection)
    return subprocess.Popen(
        [sys.executable, "-m", WORKER, str(job_file)],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=variables,
        pass_fds=[] if connection is None else [connection],
        start_new_session=True,
    )


def _run_worker(
    job_file: Path,
    forked: bool,
    variables: Mapping[str, str],
    time_limit: float,
    log_file: Path,
    connection: int | None,
) -> tuple[str, str]:
    """Run a worker and return the status and message of the items that it leaves without an outcome.

    Raises OSError for a disk that is full, and ServerGone.
    """
    kills = _kills_for_memory()
    with log_file.open("a") as log:
        worker = _started(job_file, forked, variables, connection, log)
        try:
            code = worker.wait(timeout=time_limit)
        except subprocess.TimeoutExpired:
            end_children(worker.pid)
            return "timeout", f"not finished within the time limit of {time_limit:g} s"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
            worker.stdin.close()
    if code == DISK_FULL:
        raise full_disk(log_file)
    if code < 0:
        name = signal.Signals(-code).name
        if name == "SIGKILL" and _kills_for_memory() > kills:
            return "failed", "out of memory: the kernel ended the process by SIGKILL"
        hint = " (most often: memory ran out)" if name == "SIGKILL" else ""
        return "failed", f"the process was ended by {name}{hint}"
    who = "the method ended its process, " if code == 0 else "the process ended "
    return "failed", f"{who}with exit status {code}: see {log_file}"


def _kills_for_memory() -> int:
    """Return how many processes the kernel has ended as memory ran out, of the machine or of a group's limit."""
    with suppress(OSError):
        counts = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
        return int(counts.get("oom_kill", 0))
    return 0
