"""Runs made elsewhere are taken over if data and code agree, and keep their provenance."""

import numpy as np
import pytest

from benchmark.merge import merge
from benchmark.methods import method_code
from benchmark.source import ROOT
from benchmark.storage import Unusable, load_json, save_arrays, save_json, sha256_of_items

RUN = "runs/fig/scene/weak/svd/0"
CODE = method_code(ROOT / "baselines" / "svd.py")


@pytest.fixture
def folders(tmp_path):
    cell = tmp_path / "ours/data/fig/scene/weak"
    save_arrays(cell / "0.npz", {"cube/observed": np.arange(6.0)})
    save_arrays(cell / "0-withheld.npz", {"cube/signal": np.ones(6)})
    record = {
        "run": {"file": "baselines/svd.py", "code_sha256": CODE, "git_commit": "abc", "cpu_name": "another machine"},
        "items": [
            {"item": "cube", "data_sha256": "d" * 64} | {"problem_sha256": sha256_of_items(cell / "0.npz")["cube"]}
        ],
    }
    save_json(tmp_path / "other" / RUN / "record.json", record)
    (tmp_path / "other" / RUN / "estimate.npz").write_bytes(b"estimate")
    save_json(tmp_path / "ours/data/fig/scene/facts.json", {"items": [{"name": "cube", "sha256": "d" * 64}]})
    return tmp_path / "other", tmp_path / "ours"


def test_a_run_of_the_same_data_and_code_is_taken_over_with_its_provenance(folders):
    source, target = folders
    assert merge(source, target) == ([RUN], {})
    assert (target / RUN / "estimate.npz").read_bytes() == b"estimate"
    assert load_json(target / RUN / "record.json")["run"]["cpu_name"] == "another machine"
    assert merge(source, target) == ([], {RUN: "is there already"})


@pytest.mark.parametrize(
    ("file", "change", "reason"),
    [
        ("data/fig/scene/facts.json", {"items": [{"name": "cube", "sha256": "e" * 64}]}, "of other clean signals"),
        ("data/fig/scene/facts.json", None, "facts.json is missing"),
        ("data/fig/scene/weak/0.npz", None, "0.npz is missing"),
    ],
)
def test_a_run_of_other_data_is_left_with_the_reason(folders, file, change, reason):
    source, target = folders
    (target / file).unlink()
    if change:
        save_json(target / file, change)
    taken, left = merge(source, target)
    assert taken == []
    assert reason in left[RUN]
    assert not (target / RUN).exists()


def test_a_run_of_other_code_is_left_with_the_reason(folders):
    source, target = folders
    record = load_json(source / RUN / "record.json")
    record["run"]["code_sha256"] = "0" * 64
    save_json(source / RUN / "record.json", record)
    assert merge(source, target) == ([], {RUN: "was made by other code than this checkout's"})


@pytest.mark.parametrize("file", ["baselines/tv.py", "baselines/gone.py", ""])
def test_a_run_is_compared_with_the_code_of_its_own_file_and_no_other_s(folders, file):
    source, target = folders
    record = load_json(source / RUN / "record.json")
    record["run"]["file"] = file
    save_json(source / RUN / "record.json", record)
    assert merge(source, target) == ([], {RUN: "was made by other code than this checkout's"})


@pytest.mark.parametrize("values", [np.arange(6.0) + 1e-9, np.arange(6), np.arange(6.0)[None]])
def test_a_run_of_other_problems_of_the_same_signals_is_left(folders, values):
    source, target = folders
    save_arrays(target / "data/fig/scene/weak/0.npz", {"cube/observed": values})
    assert merge(source, target) == ([], {RUN: "was made of other problems, of the same clean signals"})


def test_a_control_may_have_got_what_is_withheld(folders):
    source, target = folders
    record = load_json(source / RUN / "record.json")
    withheld = sha256_of_items(target / "data/fig/scene/weak/0-withheld.npz")
    record["items"][0]["problem_sha256"] = withheld["cube"]
    save_json(source / RUN / "record.json", record)
    assert merge(source, target) == ([RUN], {})


def test_items_must_be_the_same_and_not_the_names_alone(folders):
    source, target = folders
    record = load_json(source / RUN / "record.json")
    record["items"].append({"item": "other", "data_sha256": "d" * 64})
    save_json(source / RUN / "record.json", record)
    assert merge(source, target) == ([], {RUN: "was made of other clean signals"})


def test_an_experiment_s_data_are_its_own(folders):
    source, target = folders
    (target / "data" / "fig").rename(target / "data" / "other")
    taken, left = merge(source, target)
    assert taken == []
    assert "are not posed here" in left[RUN]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('{"run": {"fi', "JSONDecodeError"),
        ("{}", "KeyError: 'run'"),
        ("[]", "TypeError"),
        ('{"run": {}, "items": [{}]}', "KeyError: 'item'"),
    ],
)
def test_a_record_that_is_damaged_elsewhere_is_left_and_nothing_is_to_be_deleted_here(folders, content, fault):
    source, target = folders
    (source / RUN / "record.json").write_text(content)
    taken, left = merge(source, target)
    assert taken == []
    assert left[RUN].startswith(f"{source / RUN}/record.json cannot be read: {fault}")
    assert "rm" not in left[RUN].split()


def test_what_is_damaged_here_is_named_with_the_line_that_deletes_it(folders):
    source, target = folders
    (target / "data/fig/scene/facts.json").write_text("{")
    with pytest.raises(Unusable, match=r"facts\.json cannot be read[\s\S]*\n  rm "):
        merge(source, target)


@pytest.mark.parametrize("name", ["estimate.npz", "record.json"])
def test_a_link_that_leads_out_of_the_folder_is_left(folders, tmp_path, name):
    source, target = folders
    (source / RUN / name).rename(tmp_path / "secret")
    (source / RUN / name).symlink_to(tmp_path / "secret")
    assert merge(source, target) == ([], {RUN: "is a link that leads out of the folder"})
    assert not (target / RUN).exists()


def test_a_run_without_its_estimate_is_left_and_the_others_are_taken(folders):
    source, target = folders
    cut = RUN.replace("svd/0", "svd/00")  # before the other one
    save_json(source / cut / "record.json", load_json(source / RUN / "record.json"))
    assert merge(source, target) == ([RUN], {cut: "has no estimate.npz"})
    assert not (target / cut).exists()


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="give the folder of a profile"):
        merge(tmp_path, tmp_path)
