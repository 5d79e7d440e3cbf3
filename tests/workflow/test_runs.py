"""The workflow from download to table: new methods, failures as rows, resuming, nothing done twice."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest

SCORES = "results/test/demo/scores.csv"


def scores_of(tree):
    return pd.read_csv(tree.path / SCORES)


def test_a_new_file_in_baselines_is_a_row_in_the_table_and_adds_its_own_runs_alone(tree):
    tree.configure({"methods": ["noisy", "svd"]})
    status, output = tree.snakemake()
    assert status == 0, output
    assert set(scores_of(tree)["method"]) == {"noisy", "svd"}

    tree.add_method("half", "return Estimate(signal=strength * problem.observed / 2)")
    tree.configure({"methods": ["noisy", "svd", "half"]})
    status, output = tree.snakemake()
    assert status == 0, output
    assert "half" in output
    assert "run svd" not in output
    scores = scores_of(tree).set_index(["method", "metric"])["value"]
    assert scores["half", "psnr"] < scores["noisy", "psnr"] < scores["svd", "psnr"]
    assert "Test half" in (tree.path / "results/test/demo/table.html").read_text()

    status, output = tree.snakemake()
    assert status == 0
    assert "Nothing to be done" in output


def test_editing_one_method_reruns_that_method_alone(tree):
    tree.configure()
    assert tree.snakemake()[0] == 0
    method = tree.path / "baselines" / "noisy.py"
    method.write_text(method.read_text() + "\n\nPURPOSE = 'floor'\n")
    _, output = tree.snakemake("--dry-run")
    assert "run noisy" in output
    assert "run svd" not in output
    assert "corrupt" not in output


def test_failures_are_rows_the_rest_goes_on_and_the_exit_status_tells(tree):
    tree.add_method("raises", "raise RuntimeError('the reason')")
    tree.add_method("misshapen", "return Estimate(signal=problem.observed[1:])")
    tree.add_method("nans", "return Estimate(signal=problem.observed * np.nan)")
    tree.add_method("endless", "time.sleep(600)")
    methods = ["noisy", "svd", "raises", "misshapen", "nans", "endless"]
    tree.configure({"methods": methods, "figures": ["reconstructions"]}, methods={"endless": {"time_limit": 3}})

    status, output = tree.snakemake()

    assert status != 0
    assert "4 runs failed" in output
    psnr = scores_of(tree).query("metric == 'psnr'").set_index("method")
    expected = {"noisy": "ok", "svd": "ok", "raises": "failed", "misshapen": "failed", "nans": "nonfinite"}
    assert psnr["status"].to_dict() == expected | {"endless": "timeout"}
    assert psnr["value"].notna().to_dict() == {name: expected.get(name) == "ok" for name in methods}
    assert psnr.loc["raises", "message"] == "RuntimeError: the reason"
    page = (tree.path / "results/test/demo/table.html").read_text()
    assert "the reason" in page
    assert "time limit of 3 s" in page
    assert (tree.path / "results/test/demo/tiny/photons-100/reconstructions.png").stat().st_size > 10_000

    (tree.path / "baselines" / "raises.py").unlink()
    tree.configure({"methods": ["noisy", "svd"]})
    status, output = tree.snakemake()
    assert status == 0, output


def test_a_method_whose_package_is_missing_is_a_row_with_the_reason_and_no_failure(tree):
    method = tree.path / "baselines" / "bm3d.py"
    method.write_text(method.read_text().replace('REQUIRES = ["bm3d"]', 'REQUIRES = ["bm3d_that_is_missing"]'))
    tree.configure({"methods": ["noisy", "bm3d-matched"]})
    status, output = tree.snakemake()
    assert status == 0, output
    row = scores_of(tree).query("metric == 'psnr'").set_index("method").loc["bm3d-matched"]
    assert row["status"] == "skipped"
    assert np.isnan(row["value"])
    reason = "needs the package bm3d_that_is_missing, which is not installed"
    assert reason in row["message"]
    assert reason in (tree.path / "results/test/demo/table.html").read_text()


@pytest.mark.parametrize("victim", ["method", "workflow", "everything"])
def test_a_killed_run_resumes_with_nothing_lost_or_half_written(tree, victim):
    tree.add_method("slow", f"open({str(tree.path / 'started')!r}, 'w').close(); time.sleep(strength)")
    tree.configure({"methods": ["svd", "slow"]}, methods={"slow": {"params": {"strength": 600}}})
    process = tree.start()
    wait_until(lambda: (tree.path / "started").exists() and has_scores("svd", tree), process)
    if victim == "everything":
        os.killpg(process.pid, signal.SIGKILL)
    elif victim == "workflow":
        os.kill(process.pid, signal.SIGKILL)
    else:
        os.kill(job_of("slow", tree), signal.SIGKILL)
    assert process.wait(timeout=60) != 0
    assert not list(tree.path.glob("results/test/runs/*/*/*/slow/0/*.npz"))
    assert not (tree.path / SCORES).exists()

    (tree.path / "baselines" / "slow.py").unlink()
    tree.add_method("slow", "return Estimate(signal=problem.observed)")
    tree.snakemake("--unlock")
    status, output = tree.snakemake()
    assert status == 0, output
    assert "run slow" in output
    assert "run svd" not in output
    assert set(scores_of(tree)["method"]) == {"svd", "slow"}
    if victim == "workflow":  # whose job lives on, in a scratch folder of its own
        os.killpg(process.pid, signal.SIGKILL)
    else:
        assert not list(tree.path.glob("results/test/runs/**/unfinished*"))


def wait_until(condition, process, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def has_scores(method, tree):
    return list(tree.path.glob(f"results/test/runs/*/*/*/{method}/0/scores.csv"))


def job_of(method, tree):
    """Return the process of the script that runs a method: the parent of its worker."""
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = " ".join(process.info["cmdline"] or [])
        if "benchmark.worker" in command and f"/{method}/" in command and process.info["cwd"] == str(tree.path):
            return process.ppid()
    raise AssertionError(f"{method} does not run")


def test_runs_made_elsewhere_are_merged_and_not_done_again(tree, tmp_path):
    other = type(tree)(tmp_path / "other")
    for checkout in (tree, other):
        checkout.configure()
    assert other.snakemake()[0] == 0
    assert tree.snakemake("--until", "corrupt")[0] == 0
    source, target = (checkout.path / "results" / "test" for checkout in (other, tree))
    command = [sys.executable, "-m", "benchmark.merge", str(source), str(target)]
    merged = subprocess.run(command, cwd=tree.path, capture_output=True, text=True, check=True)
    assert "2 runs taken over, 0 left" in merged.stdout
    status, output = tree.snakemake()
    assert status == 0, output
    assert "run svd" not in output
    assert "score svd" in output
    assert list(scores_of(tree)["started"]) == list(scores_of(other)["started"])
