"""What is damaged or failed is named with the line that removes it; where that is followed, all is as it was."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

RUNS = ("record", "code", "estimate", "raised")
FILES = ("given", "withheld", "facts", "own")
SCORES = ["dataset", "item", "noise", "method", "seed", "iterate", "metric", "value", "status"]
TARGETS = {"solved": "results/test/solved/scores.csv", "read": "results/test/read/scores.csv"}
# By what is damaged: in which starts what is said of it.
SAID = {
    "record": ({1}, r"the run of record: \S+/record/0/record.json cannot be read: JSONDecodeError"),
    "code": ({1}, r"the run of code: it is not the one that the plan has: it was made with the code_sha256 0{64}, "),
    "estimate": ({2}, r"estimate on scene .*: failed: its estimate \S+/estimate.npz cannot be read: BadZipFile"),
    "raised": ({2}, r"raised on scene .*: failed: OSError: the net is down"),
    "given": ({1}, r"\S+/given/weak/0.npz cannot be read: BadZipFile"),
    "withheld": ({1}, r"\S+/withheld/weak/0-withheld.npz cannot be read: BadZipFile"),
    "facts": ({1}, r"\S+/facts/facts.json cannot be read: JSONDecodeError"),
    "own": ({1, 2}, r"own.npy.* NaN or infinite"),
}


def halve(path: Path) -> None:
    """Cut a file off in its middle."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def scores_of(tree, experiment: str) -> pd.DataFrame:
    return pd.read_csv(tree.path / TARGETS[experiment])[SCORES]


def finish(tree) -> None:
    """Run an experiment of a method under several names, and one of it on several data sets."""
    body = "if Path('down').exists(): raise OSError('the net is down')\n    return Estimate(signal=problem.observed)"
    tree.add_method("steady", body, literals="from pathlib import Path")
    np.save(tree.path / "own.npy", np.load(tree.path / "scene.npy"))
    common = {"task": "denoise", "noise": {"weak": {"model": "gaussian", "sigma": 0.1}}}
    data = {name: {"file": "cube", "rank": 2, "params": {"path": "scene.npy"}} for name in (*FILES, "scene")}
    data["own"]["params"] = {"path": "own.npy"}
    methods = [{"name": name, "file": "steady"} for name in RUNS]
    tree.experiment("solved", **common, title="Solved", data={"scene": data.pop("scene")}, methods=methods)
    tree.experiment("read", **common, title="Read", data=data, methods=["steady"])
    tree.done(*TARGETS)


def damage(tree) -> None:
    """Damage one thing in each way."""
    runs, files = (tree.path / "results/test" / place for place in ("runs/solved/scene/weak", "data/read"))
    halve(runs / "record/0/record.json")
    record = json.loads((runs / "code/0/record.json").read_text())
    record["run"]["code_sha256"] = 64 * "0"
    (runs / "code/0/record.json").write_text(json.dumps(record))
    halve(runs / "estimate/0/estimate.npz")
    (runs / "raised/0/record.json").unlink()
    (tree.path / "down").touch()
    halve(files / "given/weak/0.npz")
    halve(files / "withheld/weak/0-withheld.npz")
    halve(files / "facts/facts.json")
    np.save(tree.path / "own.npy", np.full((12, 10, 3), np.nan))


def follow(output: str, tree) -> None:
    """Do what the output says, literally."""
    lines = set(re.findall(r"^ *(rm .*)$", output, re.M))
    assert lines, output
    for line in lines:
        subprocess.run(line, shell=True, check=True, cwd=tree.path)


@pytest.fixture(scope="session")
def healed(tree_once):
    """Return a checkout that was damaged and healed, its scores before, and status and output of the three starts."""

    def act(tree) -> None:
        finish(tree)
        for name in TARGETS:
            scores_of(tree, name).to_pickle(tree.path / f"{name}.pickle")
        damage(tree)
        said = [tree.snakemake(*TARGETS)]
        follow(said[-1][1], tree)
        (tree.path / "down").unlink()
        said.append(tree.snakemake(*TARGETS))
        follow(said[-1][1], tree)
        np.save(tree.path / "own.npy", np.load(tree.path / "scene.npy"))
        said.append(tree.snakemake(*TARGETS))
        tree.write("run.json", json.dumps(said))

    tree = tree_once("healed", act)
    before = {name: pd.read_pickle(tree.path / f"{name}.pickle") for name in TARGETS}
    return tree, before, json.loads((tree.path / "run.json").read_text())


@pytest.mark.parametrize("damaged", SAID)
def test_what_is_damaged_is_named_with_its_fault_until_it_is_mended(healed, damaged):
    _, _, said = healed
    starts, fault = SAID[damaged]
    assert {number for number, (_, output) in enumerate(said, 1) if re.search(fault, output)} == starts


def test_where_the_advice_is_followed_all_is_made_anew_and_scores_are_what_they_were(healed):
    tree, before, said = healed
    assert [status == 0 for status, _ in said] == [False, False, True], said[-1][1]
    for name in TARGETS:
        assert before[name]["value"].notna().all()
        pd.testing.assert_frame_equal(scores_of(tree, name), before[name], check_exact=True)
    assert "Traceback" not in "".join(output for _, output in said)
    assert tree.planned(*TARGETS) == []


def test_after_a_failure_no_page_of_an_earlier_run_is_shown_as_new(healed):
    _, _, said = healed
    pages = [f"results/test/site/test/{name}.html" for name in TARGETS]
    told = [re.findall(rf"^(?:Open )?{page}.*$", output, re.M) for _, output in said for page in pages]
    earlier = [f"{page} is of an earlier run." for page in pages]
    assert told[:4] == [[earlier[0]], [earlier[1]], [f"Open {pages[0]}"], [earlier[1]]]
    assert told[4:] == [[f"Open {page}"] for page in pages]
