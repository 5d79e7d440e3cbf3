"""What goes wrong around the workflow loses nothing: clocks, locks, rights, and what GitHub's workflows may do."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import yaml

from benchmark.storage import load_arrays, load_json
from tests.disks import mounted
from tests.workflow.conftest import MADE, Tree

ROOT = Path(__file__).parents[2]
CELL = "demo/tiny/photons-100"
RECORD = f"results/test/runs/{CELL}/svd/0/record.json"


# A job of each meets a full disk, another is killed; and the clock is put back while scores are made.
SCRIPTS = sorted(path.stem for path in (ROOT / "workflow" / "scripts").glob("*.py"))
TIMES = "seconds|peak|started"


@pytest.fixture(scope="module")
def beset(finished, tmp_path_factory):
    """Return a checkout in which jobs of every rule were killed and found their disk full, and what was printed."""
    folder = tmp_path_factory.mktemp("beset")
    tree = finished.copy(folder / "checkout", without=MADE)
    methods = [own for own in tree.settings("demo")["methods"] if isinstance(own, str)]
    sweep = {"over": "rank", "label": "rank", "metrics": ["psnr"]}
    tree.experiment("demo", **tree.settings("demo") | {"methods": methods, "subject": "svd", "sweep": sweep})
    tree.configure(select=["demo"])
    seen = folder / "seen"
    seen.mkdir()
    faults = {
        "FAULTS": "full kill clock",
        "FAULTS_SEEN": str(seen),
        "PYTHONPATH": str(Path(__file__).parent / "faults"),
    }
    with mounted(tree.path / "results", 40) as disk:
        for name in ("logs", "resources"):
            (disk / name).mkdir()
            (tree.path / name).symlink_to(disk / name)
        status, output = tree.snakemake("--cores", "1", "--retries", "2", seconds=1200, **faults)
        assert status == 0, output
        assert {path.name for path in seen.iterdir()} >= {f"{own}-{n}" for own in SCRIPTS for n in range(3)}
        yield tree, output


def test_a_job_of_any_rule_that_is_killed_or_has_no_room_is_done_again_with_the_same_results(beset, finished):
    tree, _ = beset
    own, other = (checkout.path / "results" / "test" for checkout in (tree, finished))
    for name in ("scores.csv", "summary.csv"):
        tables = [pd.read_csv(folder / "demo" / name) for folder in (own, other)]
        tables = [table[table["method"].isin(["noisy", "clean", "svd"])].reset_index(drop=True) for table in tables]
        kept = [column for column in tables[0] if not re.search(TIMES, column)]
        assert len(tables[0]) >= 3
        pd.testing.assert_frame_equal(*(table[kept] for table in tables), check_exact=True)
    assert "reproduced" in (card := (own / "scorecard.csv").read_text())
    assert card == (other / "scorecard.csv").read_text()
    files = ["items", "photons-100/0", "photons-100/0-withheld"]
    files = [f"data/demo/tiny/{name}.npz" for name in files]
    files += [f"runs/{CELL}/{method}/0/estimate.npz" for method in ("noisy", "clean", "svd")]
    for arrays in ([load_arrays(folder / name) for folder in (own, other)] for name in files):
        assert arrays[0]
        for key, array in arrays[0].items():
            np.testing.assert_array_equal(array, arrays[1][key])
    assert (own / "site" / "index.html").stat().st_size > 1000


def test_a_job_that_is_killed_or_has_no_room_leaves_nothing_half_written_and_no_process(beset):
    tree, _ = beset
    made = [path.relative_to(tree.path).as_posix() for path in (tree.path / "results").rglob("*")]
    assert not [path for path in made if re.search(r"partial|unfinished", path)]
    assert not [own for own in psutil.process_iter(["cwd"]) if own.info["cwd"] == str(tree.path)]
    assert tree.planned() == []


def test_a_full_disk_is_named_by_a_job_of_each_rule_where_the_logs_have_no_room_either(beset):
    tree, output = beset
    said = f"No space left on device.*: make room on the disk at {tree.path}/results \\(0.0 MB of 42 MB are free\\)"
    assert len(re.findall(said, output)) == len(SCRIPTS)
    assert "Traceback" not in output


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
