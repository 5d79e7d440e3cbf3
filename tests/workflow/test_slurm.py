"""On a real Slurm of one node, the workflow gives the scores of a local run, whatever dies in the middle."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from tests.workflow.conftest import Tree

EXPERIMENTS = ("fig03_implicit_bias", "fig08_stopping", "fig13_rank")
ASKED = ("--config", "profile=smoke", f"select=[{','.join(EXPERIMENTS)}]")
# Slurm without accounting knows its jobs by squeue alone.
PROFILE = ("--workflow-profile", "profiles/slurm", "--slurm-status-command", "squeue")
QUICK = ("--slurm-init-seconds-before-status-checks", "3", "--seconds-between-status-checks", "3")
# Small, so that there are several jobs to die.
GROUPED = ("--group-components", "data=3", "runs=3", "pages=2")
KEY = ["dataset", "noise", "method", "item", "seed", "iterate", "metric"]


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[None]:
    """Start a Slurm on this machine, and end it."""
    if shutil.which("slurmctld") is None or find_spec("snakemake_executor_plugin_slurm") is None or os.geteuid() != 0:
        pytest.skip("needs slurm-wlm, munge, snakemake-executor-plugin-slurm, and to be root")
    start = Path(__file__).parent / "slurm" / "start.sh"
    started = subprocess.run([start, tmp_path / "slurm"], capture_output=True, text=True, timeout=120)
    if started.returncode:
        pytest.skip(f"Slurm does not start here: {started.stderr}")
    yield
    for daemon in ("slurmd", "slurmctld"):
        subprocess.run(["pkill", "-x", daemon], check=False)
    Path("/etc/slurm/slurm.conf").unlink()


def said_by(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def running(process: subprocess.Popen, after: set[str] = frozenset()) -> str:
    """Wait for a job of Snakemake's that runs, and is none of some others; return its number."""
    for _ in range(240):
        if process.poll() is not None:
            raise AssertionError(process.communicate()[0])
        jobs = set(said_by("squeue", "--noheader", "--states=RUNNING", "--format=%A").split()) - after
        if jobs:
            return min(jobs)
        time.sleep(0.5)
    raise AssertionError("no job runs:\n" + said_by("squeue"))


def scores_of(results: Path) -> dict[str, pd.DataFrame]:
    """Return the scores of each experiment, in one order."""
    scores = {}
    for name in EXPERIMENTS:
        table = pd.read_csv(results / name / "scores.csv")
        scores[name] = table[[*KEY, "status", "value"]].sort_values(KEY, ignore_index=True)
    return scores


def test_jobs_and_nodes_that_die_cost_no_score_and_change_none(fresh: Tree, slurm: None):
    fresh.done(*ASKED, config=None)
    local = scores_of((fresh.path / "results/smoke").rename(fresh.path / "local"))
    process = fresh.start(*PROFILE, *QUICK, *GROUPED, *ASKED, config=None)
    try:
        killed = running(process)
        subprocess.run(["scancel", "--signal=KILL", "--full", killed], check=True)
        running(process, after={killed})
        subprocess.run(["pkill", "-KILL", "-x", "slurmd"], check=True)
        time.sleep(3)
        subprocess.run(["slurmd"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        output, _ = process.communicate(timeout=1800)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert "has been submitted with SLURM jobid" in output
    for name, table in scores_of(fresh.path / "results/smoke").items():
        assert (table["status"] == "ok").sum() > 10
        pd.testing.assert_frame_equal(table, local[name], check_exact=True)
