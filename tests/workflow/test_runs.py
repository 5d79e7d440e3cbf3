"""The workflow from download to table: methods that come, fail or are killed, the truth, runs made elsewhere."""

import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from benchmark.storage import load_json

ROOT = Path(__file__).parents[2]
CELL = "results/test/runs/demo/tiny/photons-100"


def primary(tree):
    """Return the rows of what the methods of `demo` returned, in the primary measure, by method."""
    scores = pd.read_csv(tree.path / "results/test/demo/scores.csv")
    return scores.query("metric == 'psnr' and iterate == 'returned'").set_index("method")


@pytest.fixture(scope="session")
def grown(run_once):
    """Return a checkout with the method of docs/method.md and a broken one added, after `snakemake demo`."""
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "method.md").read_text(), re.S)

    def change(tree):
        tree.write("baselines/gaussian_filter.py", example)
        tree.write("baselines/broken.py", "def solve(:\n")

    return run_once("grown", change, "demo")


@pytest.fixture(scope="session")
def failed(run_once):
    """Return a checkout after a run in which each of five methods that were added fails in its own way.

    The first one, which loads PyTorch, does so as it was forked.
    """

    def change(tree):
        forked = "assert 'benchmark.forkserver' in open(f'/proc/{os.getppid()}/cmdline').read()"
        body = f"{forked}; raise RuntimeError('the reason, ' + 'at length ' * 1200)"
        tree.add_method("raises", body, literals="import os\n\nimport torch")
        trace = "[Snapshot(1, 0.1, 1.0, problem.observed[1:])]"
        tree.add_method("misshapen", f"return Estimate(signal=problem.observed, trace={trace})")
        tree.add_method("nans", "return Estimate(signal=problem.observed * np.nan)")
        tree.add_method("endless", "time.sleep(600)")
        tree.add_method("lacking", "pass", literals='REQUIRES = ["a_package_that_is_missing"]')
        methods = tree.settings("demo")["methods"]
        tree.experiment("demo", methods=[*methods, {"name": "endless", "time_limit": 2}])

    return run_once("failed", change, "demo")


def test_a_new_file_in_baselines_is_a_row_in_the_tables_of_its_task(grown):
    tree, status, output = grown
    assert status == 0, output
    values = primary(tree)["value"]
    assert np.isfinite(values["gaussian_filter"])
    assert set(values.index) == {"noisy", "clean", "svd", "deeptensor", "gaussian_filter"}
    assert "Gaussian filter" in (tree.path / "results/test/site/test/demo.html").read_text()


def test_a_new_file_in_baselines_adds_its_own_runs_alone(grown):
    tree, _, output = grown
    begun = [
        message for message in tree.messages_of(output) if message.startswith(("run ", "score ", "pose ", "prepare "))
    ]
    cell = "tiny, photons-100, seed 0, for demo"
    assert begun == [f"run gaussian_filter on {cell}", f"score {cell}"]


def test_a_broken_file_in_baselines_is_a_warning_and_the_others_run(grown):
    tree, status, output = grown
    assert status == 0, output
    assert "baselines/broken.py cannot be used: it is no Python" in output
    assert "broken" not in primary(tree).index


def test_a_run_of_one_experiment_ends_with_its_page(grown):
    tree, _, output = grown
    assert "Open results/test/site/test/demo.html" in output
    assert "demo is done: open results/test/site/test/demo.html" in output
    assert "site/index.html" not in output
    assert "scan" not in " ".join(tree.messages_of(output))
    assert load_json(tree.path / "logs/test/start.json")["due"] == ["demo"]


def test_failures_are_rows_with_the_reason_and_the_rest_goes_on(failed):
    tree, _, _ = failed
    rows = primary(tree)
    wrong = {"raises": "failed", "misshapen": "failed", "nans": "nonfinite", "endless": "timeout", "lacking": "skipped"}
    right = dict.fromkeys(["noisy", "clean", "svd", "deeptensor"], "ok")
    assert rows["status"].to_dict() == right | wrong
    assert rows["value"].notna().to_dict() == dict.fromkeys(right, True) | dict.fromkeys(wrong, False)
    page = (tree.path / "results/test/site/test/demo.html").read_text()
    for method, reason in {
        "raises": "RuntimeError: the reason, at length",
        "misshapen": "returned a trace whose `last` in place 0 is",
        "nans": "values are NaN or infinite",
        "endless": "not finished within the time limit of 2 s",
        "lacking": "needs the package a_package_that_is_missing, which is not installed",
    }.items():
        assert reason in rows.loc[method, "message"]
        assert reason in page
    assert (tree.path / "results/test/demo/tiny/photons-100/reconstructions.webp").stat().st_size > 10_000


def test_failures_end_in_an_exit_status_and_a_missing_package_is_none(failed):
    _, status, output = failed
    assert status != 0
    assert "4 runs failed" in output
    assert "lacking on tiny" not in output.partition("4 runs failed")[2]


def test_a_long_message_is_whole_in_the_scores_and_shortened_on_the_page(failed):
    tree, _, output = failed
    assert primary(tree).loc["raises", "message"].count("at length") == 1200
    for shown in (output, (tree.path / "results/test/site/test/demo.html").read_text()):
        assert max(map(len, re.findall(r"(?:at length )+", shown))) < 400


def test_a_failed_method_that_is_gone_leaves_no_failure(failed, tmp_path):
    tree = failed[0].copy(tmp_path / "checkout")
    for name in ("raises", "misshapen", "nans", "endless"):
        (tree.path / "baselines" / f"{name}.py").unlink()
    methods = [own for own in tree.settings("demo")["methods"] if "time_limit" not in own]
    tree.experiment("demo", methods=methods)
    tree.done("results/test/demo/complete.txt")
    assert "lacking" in primary(tree).index


@pytest.mark.parametrize("victim", ["method", "workflow", "everything"])
def test_a_killed_run_resumes_with_nothing_lost_or_half_written(tree, victim):
    # Once the first is scored, its run is done.
    targets = ["results/test/scores/swift/tiny/photons-100/0.csv", f"{CELL}/slow/0/record.json"]
    tree.add_method("quick", "return Estimate(signal=problem.observed)")
    tree.experiment("swift", **tree.settings("demo") | {"methods": ["quick"], "subject": "quick", "claims": []})
    tree.add_method("slow", f"open({str(tree.path / 'started')!r}, 'w').close(); time.sleep(600)")
    process = tree.start(*targets)
    try:
        wait_until(lambda: (tree.path / "started").exists() and (tree.path / targets[0]).exists(), process)
        script = job_of("slow", tree)
        [worker] = script.children()
        kill(victim, process, script)
        assert process.wait(timeout=60) != 0
        worker.wait(timeout=60)
        assert not list((tree.path / CELL).glob("slow/0/*.*"))

        tree.add_method("slow", "return Estimate(signal=problem.observed)")
        if victim != "method":
            tree.done("--unlock")
        output = tree.done(*targets)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert "run slow" in output
    assert "run quick" not in output
    [item] = load_json(tree.path / targets[1])["items"]
    assert item["status"] == "ok"
    assert not list((tree.path / CELL).rglob("unfinished*"))


def test_a_forked_method_and_who_forked_it_end_with_the_workflow(tree):
    started = tree.path / "started"
    body = f"open({str(started)!r}, 'w').write(f'{{os.getpid()}} '); time.sleep(600)"
    tree.add_method("slow", body, literals="import os\n\nimport torch")
    process = tree.start(f"{CELL}/slow/0/record.json")
    try:
        wait_until(lambda: started.exists() and started.read_text().endswith(" "), process)
        worker = psutil.Process(int(started.read_text()))
        server = worker.parent()
        assert "benchmark.forkserver" in server.cmdline()
        process.kill()
        for own in (worker, server):
            own.wait(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not list((tree.path / CELL).glob("slow/0/*.*"))


def kill(victim, process, script):
    """Kill Snakemake with all that it started, alone, or the script of one job."""
    if victim == "everything":
        os.killpg(process.pid, signal.SIGKILL)
    elif victim == "workflow":
        process.kill()
    else:
        script.kill()


def wait_until(condition, process, seconds=120):
    """Wait until a condition holds; fail if the process ends before."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def job_of(method, tree):
    """Return the process of the script that runs a method: the parent of its worker."""
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = " ".join(process.info["cmdline"] or [])
        if "benchmark.worker" in command and f"/{method}/" in command and process.info["cwd"] == str(tree.path):
            return process.parent()
    raise AssertionError(f"{method} does not run")


def test_what_is_withheld_is_an_input_of_scores_and_of_controls_that_say_so_alone(tree):
    graph = tree.done("--filegraph")
    inputs = {
        rule: re.findall(r">([^<>]*)<", table.partition("output")[0])
        for rule, table in re.findall(r"<font[^>]*>(\w+)</font>(.*?)</table>", graph, re.S)
    }
    methods = [Path(file).name for file in inputs["run_method"] if "/" in file]
    assert sorted(methods) == ["facts.json", "{seed}.npz"]
    assert {rule for rule in inputs if any("withheld" in file for file in inputs[rule])} == {"run_control", "score"}
    assert {rule for rule in inputs if any("items.npz" in file for file in inputs[rule])} == {"pose"}


def test_the_control_that_sees_the_truth_answers_it_and_all_are_scored_by_the_same(finished):
    rows = primary(finished)
    assert rows["value"]["clean"] == np.inf
    assert rows["value"]["noisy"] < rows["value"]["svd"] < np.inf
    assert rows["control"].to_dict() == {"noisy": True, "clean": True, "svd": False, "deeptensor": False}
    assert rows["data_sha256"].nunique() == 1


def test_the_scorecard_has_the_claims_of_what_was_selected_and_no_others(finished):
    card = pd.read_csv(finished.path / "results/test/scorecard.csv")
    assert list(zip(card["experiment"], card["id"], card["verdict"], strict=True)) == [("demo", "demo", "reproduced")]


def test_runs_made_elsewhere_are_merged_and_not_done_again(finished, fresh):
    folder = f"{CELL}/svd/0"
    fresh.done("demo", "--until", "pose")
    command = [sys.executable, "-m", "benchmark.merge", str(finished.path / "results" / "test"), "results/test"]
    merged = subprocess.run(command, cwd=fresh.path, capture_output=True, text=True, check=True)
    assert "4 runs taken over, 1 left" in merged.stdout
    assert "left runs/scan/scene/radon-8/fbp/0: its problems are not posed here" in merged.stdout
    output = fresh.done("results/test/scores/demo/tiny/photons-100/0.csv")
    assert fresh.messages_of(output) == ["score tiny, photons-100, seed 0, for demo"]
    own, other = (load_json(tree.path / folder / "record.json") for tree in (fresh, finished))
    assert own == other


def test_the_report_holds_every_table_and_figure_by_experiment(tree):
    tree.done("--report", "report.zip")
    with zipfile.ZipFile(tree.path / "report.zip") as archive:
        names = [Path(name).name for name in archive.namelist()]
    assert [names.count(name) for name in ("summary.csv", "reconstructions.webp", "scorecard.csv")] == [2, 1, 1]
