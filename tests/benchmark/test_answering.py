"""An answer that was made elsewhere is scored as a method's is."""

import re

import numpy as np
import pandas as pd
import pytest

from benchmark.answering import CannotScore, score_answer
from benchmark.posing import pose
from benchmark.preparing import prepare
from benchmark.report.tables import write
from benchmark.storage import load_arrays

CELL = ("first", "scene", "weak")
ENVIRONMENT = """

def respond(truth, observation, number, action):
    return action
"""


@pytest.fixture
def plan(house, monkeypatch):
    """Return a plan whose problems are posed."""
    house.experiment()
    for module in ("preparing", "posing"):
        monkeypatch.setattr(f"benchmark.{module}.ROOT", house.root)
    monkeypatch.setattr("benchmark.answering._changed", lambda *_: "")  # nothing is Snakemake's here
    plan = house.plan()
    data = house.root / "results/embedded/data/first/scene"
    prepare(plan.preparation_of(*CELL[:2]), house.root, data / "items.npz", data / "facts.json")
    files = data / "weak/0.npz", data / "weak/0-withheld.npz"
    pose(plan.posing_of(*CELL, 0), data / "items.npz", data / "facts.json", *files)
    return plan


@pytest.fixture
def truth(plan):
    return load_arrays(plan.root / "results/embedded/data/first/scene/weak/0-withheld.npz")["cube/signal"]


def test_what_was_not_played_with_an_environment_is_not_scored(house, tmp_path):
    house.write("tasks/mend.py", (house.root / "tasks/mend.py").read_text() + ENVIRONMENT)
    house.experiment()
    np.save(tmp_path / "answer.npy", np.zeros((3, 3, 2)))
    with pytest.raises(CannotScore, match="first is played with an environment"):
        score_answer(house.plan(), "first", tmp_path / "answer.npy")


def test_the_truth_is_perfect_and_an_offset_has_the_psnr_of_the_theory(plan, truth, tmp_path):
    np.savez(tmp_path / "answer.npz", cube=truth + 0.1)
    rows = score_answer(plan, "first", tmp_path / "answer.npz").set_index("metric")
    assert rows.loc["psnr", "value"] == pytest.approx(20, abs=1e-4)
    assert rows.loc["psnr", "item"] == "cube"
    np.save(tmp_path / "answer.npy", truth)
    assert score_answer(plan, "first", tmp_path / "answer.npy", "scene", "weak", 0)["value"][0] == np.inf


def test_its_place_is_among_what_methods_returned(plan, truth, tmp_path, row):
    known = {"one": 30.0, "two": 10.0, "three": np.nan}
    rows = [row(dataset="scene", noise="weak", method=name, value=value) for name, value in known.items()]
    rows += [row(dataset="scene", noise="weak", method="clean", value=99.0, control=True)]
    rows += [row(dataset="scene", noise="weak", method="one", value=99.0, iterate="oracle")]
    (plan.root / "results/embedded/first").mkdir()
    write(pd.DataFrame(rows).assign(experiment="first"), plan.root / "results/embedded/first/scores.csv")
    np.save(tmp_path / "answer.npy", truth + 0.1)
    assert score_answer(plan, "first", tmp_path / "answer.npy")["place"][0] == "2 of 3"


def test_an_answer_beyond_single_precision_is_refused_as_that_of_a_run_is(plan, truth, tmp_path):
    np.save(tmp_path / "answer.npy", truth.astype(float) * 1e300)
    with pytest.raises(CannotScore, match="values that are NaN or infinite"):
        score_answer(plan, "first", tmp_path / "answer.npy")


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"a": np.ones(3), "b": np.ones(3)}, "has no array 'cube'; it has: a, b"),
        ({"cube": np.ones((2, 3, 3))}, r"item 'cube' returned shape \(2, 3, 3\), where \(3, 3, 2\) was asked for"),
        ({"cube": np.full((3, 3, 2), np.nan)}, "item 'cube' has values that are NaN"),
        ({"cube": np.array([{}], dtype=object)}, "cannot be read as .npz or .npy"),
        ({"cube/low": np.ones((3, 3, 2))}, "item 'cube' returned parts, where one signal"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(plan, tmp_path, arrays, told):
    np.savez(tmp_path / "answer.npz", **arrays)
    with pytest.raises(CannotScore, match=told):
        score_answer(plan, "first", tmp_path / "answer.npz")


def test_a_file_or_a_cell_that_is_not_there_is_named_with_what_there_is(plan, tmp_path):
    (tmp_path / "text.npz").write_text("no arrays")
    np.savez(tmp_path / "whole.npz", cube=np.ones((40, 40, 2)))
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "spoilt.npz").write_bytes(whole.replace(np.ones(9).tobytes(), np.zeros(9).tobytes()))
    for name in ("text.npz", "gone.npz", "cut.npz", "spoilt.npz"):
        with pytest.raises(CannotScore, match=f"{name} cannot be read"):
            score_answer(plan, "first", tmp_path / name)
    with pytest.raises(CannotScore, match="--noise: there is no 'strong'; there are: weak"):
        score_answer(plan, "first", tmp_path / "text.npz", noise="strong")
    with pytest.raises(CannotScore, match=r"--experiment takes one name, and 'fir\*' is none"):
        score_answer(plan, "fir*", tmp_path / "text.npz")
    with pytest.raises(CannotScore, match="--seed: there is no 7; there are: 0"):
        score_answer(plan, "first", tmp_path / "text.npz", seed=7)


def test_a_seed_is_asked_for_where_there_are_several_and_0_is_one_that_was_given(house, tmp_path):
    house.experiment(seeds=[1, 2])
    with pytest.raises(CannotScore, match="give --seed: 1, 2"):
        score_answer(house.plan(), "first", tmp_path / "answer.npz")
    with pytest.raises(CannotScore, match="--seed: there is no 0; there are: 1, 2"):
        score_answer(house.plan(), "first", tmp_path / "answer.npz", seed=0)


def test_problems_that_are_not_posed_say_how(house, tmp_path):
    house.experiment()
    command = "snakemake --cores all first --until pose --config profile=public 'folders=[experiments]'"
    with pytest.raises(CannotScore, match=re.escape(f"pose the problems by `{command}`")):
        score_answer(house.plan(profile="public"), "first", tmp_path / "answer.npz")
