"""Whatever a method does, its run ends with a record; finished items are never lost."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from benchmark.plan import ROOT
from benchmark.runner import run_method
from benchmark.storage import load_arrays, load_json, save_arrays, unpack

HEAD = '''"""A method made by a test."""

import os
import time

import numpy as np

from benchmark.contract import Estimate, Skipped

LABEL = "Test"
TASKS = {"denoise"}
DEVICES = {"cpu"}
REQUIRES = []


def solve(problem, *, seed, device, **params):
'''

FACTS = {"items": [{"name": name, "rank": 2, "shape": [6, 5], "sha256": 64 * name} for name in ("a", "b")]}
NOISE = {"model": "gaussian", "sigma": 0.1}


@pytest.fixture
def run(tmp_path):
    rng = np.random.default_rng(0)
    save_arrays(tmp_path / "observed.npz", {"a": rng.random((6, 5)), "b": 1 + rng.random((6, 5))})

    def call(body, time_limit=60, requires="[]", device="cpu", head=""):
        method = tmp_path / "method.py"
        method.write_text(HEAD.replace("REQUIRES = []", f"REQUIRES = {requires}\n{head}") + f"    {body}\n")
        outputs = [tmp_path / name for name in ("estimate.npz", "record.json", "log")]
        run_method(
            method,
            "denoise",
            {"strength": 2},
            tmp_path / "observed.npz",
            FACTS,
            NOISE,
            0,
            device,
            1,
            time_limit,
            *outputs,
        )
        return load_arrays(outputs[0]), load_json(outputs[1])

    return call


def test_a_finished_worker_leaves_quietly(run, tmp_path):
    run("return Estimate(signal=problem.observed)")
    assert (tmp_path / "log").read_text() == ""


def test_a_good_method_is_recorded_with_its_cost_and_origin(run):
    arrays, record = run("time.sleep(0.05); return Estimate(signal=problem.observed * params['strength'])")
    assert [item["status"] for item in record["items"]] == ["ok", "ok"]
    assert all(item["seconds"] >= 0.05 and item["peak_rss_mib"] > 10 for item in record["items"])
    assert all(item["warmup_seconds"] > 0 for item in record["items"])
    assert [item["data_sha256"] for item in record["items"]] == [64 * "a", 64 * "b"]
    assert len(record["run"]["code_sha256"]) == 64
    assert record["run"]["params"] == {"strength": 2}
    assert set(record["run"]) >= {"git_commit", "git_dirty", "cpu_name", "python", "torch", "started"}
    assert {item["device_name"] for item in record["items"]} == {"cpu"}
    answer = unpack(arrays, "b")
    assert answer.signal.shape == (6, 5)
    assert answer.signal.max() > 1


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("raise KeyError('why')", "failed", "KeyError: 'why'"),
        ("return problem.observed", "failed", "returned ndarray, not an Estimate"),
        ("return Estimate()", "failed", "either a signal or factors"),
        (
            "return Estimate(signal=problem.observed[1:])",
            "failed",
            "returned shape (5, 5), where (6, 5) was asked for",
        ),
        ("return Estimate(signal=problem.observed * 1j)", "failed", "complex"),
        ("return Estimate(signal=problem.observed * np.nan)", "nonfinite", "30 of 30 values are NaN"),
        ("raise Skipped('no weights')", "skipped", "no weights"),
        ("os.abort()", "failed", "ended by SIGABRT"),
        ("os.kill(os.getpid(), 9)", "failed", "ended by SIGKILL (most often: memory ran out)"),
        ("os._exit(3)", "failed", "exit status 3"),
    ],
)
def test_a_bad_method_is_a_row_with_the_reason(run, body, status, message):
    arrays, record = run(body)
    assert [item["status"] for item in record["items"]] == [status, status]
    assert all(message in item["message"] for item in record["items"])
    assert not arrays


def test_a_time_limit_ends_the_run_and_keeps_the_finished_item(run):
    body = "time.sleep(60 if problem.observed.min() > 1 else 0); return Estimate(signal=problem.observed)"
    arrays, record = run(body, time_limit=10)
    assert [item["status"] for item in record["items"]] == ["ok", "timeout"]
    assert "time limit of 10 s" in record["items"][1]["message"]
    assert "a/answer" in arrays


def test_a_method_that_cannot_be_imported_is_a_row_with_the_reason(run):
    _, record = run("pass", head='raise ImportError("no module of that name")')
    assert [item["status"] for item in record["items"]] == ["failed", "failed"]
    assert record["items"][0]["message"] == "ImportError: no module of that name"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize(("device", "status"), [("auto", "ok"), ("cuda", "failed")])
def test_without_a_gpu_auto_falls_back_to_the_cpu_and_cuda_says_what_to_do(run, device, status):
    _, record = run("return Estimate(signal=problem.observed)", device=device)
    item = record["items"][0]
    assert item["status"] == status
    assert (item["device_name"] == "cpu") == (status == "ok")
    assert status == "ok" or "set device to auto or cpu" in item["message"]


def test_the_memory_of_a_method_is_its_own_and_not_that_of_the_process_that_started_it(run):
    ballast = np.ones(2**26)  # 512 MiB
    _, record = run("return Estimate(signal=problem.observed)")
    assert ballast.size
    assert 10 < record["items"][0]["peak_rss_mib"] < 300
    _, record = run("np.ones(2**26); return Estimate(signal=problem.observed)")
    assert record["items"][0]["peak_rss_mib"] > 512


def test_a_method_that_changes_while_it_runs_must_run_again(run):
    with pytest.raises(RuntimeError, match="changed while it ran"):
        run("open(__file__, 'a').write('#'); return Estimate(signal=problem.observed)")


def test_a_missing_package_skips_the_run_with_the_reason(run):
    _, record = run("return Estimate(signal=problem.observed)", requires="['no_such_package']")
    assert [item["status"] for item in record["items"]] == ["skipped", "skipped"]
    assert "no_such_package, which is not installed" in record["items"][0]["message"]


def test_items_differ_in_their_seed_and_runs_do_not(run):
    body = "return Estimate(signal=np.random.default_rng(seed).random((6, 5)))"
    arrays, again = run(body)[0], run(body)[0]
    np.testing.assert_array_equal(arrays["a/answer"], again["a/answer"])
    assert np.abs(arrays["a/answer"] - arrays["b/answer"]).max() > 0.1


def test_a_killed_runner_takes_its_worker_along_and_leaves_no_output(tmp_path, run):
    run("open(os.environ['PID_FILE'], 'w').write(str(os.getpid())); time.sleep(60)", time_limit=0.01)
    script = (
        "from pathlib import Path; import sys; from benchmark.runner import run_method; p = Path(sys.argv[1]);"
        f"run_method(p/'method.py', 'denoise', {{}}, p/'observed.npz', {FACTS}, {NOISE}, 0, 'cpu', 1, 60,"
        " p/'late.npz', p/'late.json', p/'log')"
    )
    pid_file = tmp_path / "pid"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PID_FILE": str(pid_file)}
    runner = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], env=environment)
    deadline = time.monotonic() + 30
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    worker = int(pid_file.read_text())
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(worker)
    assert not (tmp_path / "late.npz").exists()
    assert not (tmp_path / "late.json").exists()


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_items_of_equal_shape_and_rank_come_in_one_call_and_share_its_time(run):
    head = (
        "def solve_many(problems, *, seeds, device, **params):\n"
        "    time.sleep(0.4)\n"
        "    return [Estimate(signal=problem.observed + len(problems)) for problem in problems]\n"
    )
    arrays, record = run("raise AssertionError", head=head)
    assert [item["status"] for item in record["items"]] == ["ok", "ok"]
    assert arrays["a/answer"].min() > 2
    assert arrays["b/answer"].min() > 3
    assert all(0.2 <= item["seconds"] < 0.4 for item in record["items"])


def test_a_batch_that_fails_is_done_item_by_item(run):
    head = "def solve_many(problems, *, seeds, device, **params):\n    raise ValueError('one of them is bad')\n"
    body = "assert problem.observed.max() < 1, 'too bright'; return Estimate(signal=problem.observed)"
    arrays, record = run(body, head=head)
    assert [item["status"] for item in record["items"]] == ["ok", "failed"]
    assert record["items"][1]["message"] == "AssertionError: too bright"
    assert "a/answer" in arrays
