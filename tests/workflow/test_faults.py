"""What goes wrong around the workflow loses nothing: clocks, locks, rights, and what GitHub's workflows may do."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from benchmark.storage import load_json
from tests.workflow.conftest import Tree

ROOT = Path(__file__).parents[2]
CELL = "demo/tiny/photons-100"
RECORD = f"results/test/runs/{CELL}/svd/0/record.json"


def test_a_clock_that_is_put_back_fails_no_job_and_makes_nothing_due_twice(tree):
    tomorrow = time.time() + 86_400
    for path in (tree.path / "results").rglob("*.*"):  # all was made before the clock was put back
        os.utime(path, (tomorrow, tomorrow))
    (tree.path / RECORD).unlink()
    assert "run svd" in tree.done(RECORD)
    [item] = load_json(tree.path / RECORD)["items"]
    assert item["status"] == "ok"
    assert tree.planned(RECORD) == []


def test_a_second_run_in_one_checkout_is_told_of_the_lock_and_how_it_is_removed(tree):
    (tree.path / RECORD).unlink()
    locks = tree.path / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text(f"{tree.path / RECORD}\n{RECORD}\n")
    status, output = tree.snakemake(RECORD)
    assert status != 0
    assert "cannot be locked" in output
    assert "--unlock" in output
    assert not (tree.path / RECORD).exists()
    assert "snakemake --unlock" in (ROOT / "docs" / "run.md").read_text()


@pytest.fixture
def sealed(fresh):
    """Return a checkout that cannot be written to."""
    try:
        mount = shutil.which("mount")
        for options in (["--bind"], ["-o", "remount,bind,ro"]):
            command = [str(mount), *options, fresh.path, fresh.path]
            subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a folder cannot be made read-only here: {getattr(error, 'stderr', error)}")
    yield fresh
    subprocess.run(["umount", fresh.path], check=True)


def test_a_read_only_checkout_has_its_results_elsewhere(sealed, tmp_path):
    elsewhere, checkout = Tree(tmp_path / "elsewhere"), sealed.path
    (elsewhere.path / "mine").mkdir(parents=True)
    shutil.copy(checkout / "mine" / "demo.yaml", elsewhere.path / "mine")
    elsewhere.configure(folders=[str(elsewhere.path / "mine")])
    elsewhere.done("--snakefile", str(checkout / "Snakefile"), RECORD)
    [item] = load_json(elsewhere.path / RECORD)["items"]
    assert item["status"] == "ok"
    with pytest.raises(OSError, match="Read-only"):
        (checkout / "results").mkdir()


# What a job of GitHub's may do beside reading the repository.
MORE = {("pages", "publish"): {"pages": "write", "id-token": "write"}}


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.stem)
def test_a_workflow_of_github_may_read_and_keeps_no_token(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in workflow[True]  # `on` is a truth in YAML 1.1
    for name, job in workflow["jobs"].items():
        assert job.get("permissions") == MORE.get((path.stem, name))
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}
            assert "${{" not in step.get("run", "")
