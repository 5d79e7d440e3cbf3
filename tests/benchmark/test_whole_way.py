"""A task, a data set and methods of their own, from the plan to the scores: all that a task may ask for, at once."""

import numpy as np
import pandas as pd
import pytest

from benchmark.methods import Run
from benchmark.posing import pose
from benchmark.preparing import prepare
from benchmark.report.tables import gather
from benchmark.runner import run_method
from benchmark.scoring import score_cell
from benchmark.storage import load_arrays, load_json

# Parts, one of them optional; a budget; an array that is granted; noise of its own; and less is better.
TASK = '''"""A stack as the sum of two, of which one has a spectrum that is known."""

from dataclasses import dataclass

import numpy as np

from benchmark.contract import Posed
from benchmark.metrics import psnr, sam

KINDS = {"stack"}
MEASURES = ["sam", "psnr"]
FIGURES = set()
FLOOR, CEILING = "guess", None
OPTIONAL = {"rest"}


@dataclass(frozen=True)
class Striped:
    height: float

    def sample(self, clean, rng):
        return clean + self.height * rng.random(len(clean))[:, None, None]


def pose(item, observation, rng, *, keep: int = 2):
    truth = {"signal": item.signal, "secret": item.extras["secret"]}
    return Posed(observation.draw(item.signal, rng) | {"spectrum": item.signal[:keep].mean(axis=(0, 1))}, truth)


def answer_shape(problem):
    return {"known": problem.observed.shape, "rest": problem.observed.shape}


def measures(problem, truth):
    clean = truth["signal"].astype(np.float64)
    return {
        "sam": lambda parts: sam(clean, parts["known"]),
        "psnr": lambda parts: psnr(clean, parts["known"] + parts.get("rest", 0), data_range=1.0),
    }


def tiny():
    return {}
'''
DATA = '''"""Stacks with a secret."""

import numpy as np

from benchmark.contract import Item

KIND = "stack"
TITLE = "Secrets"


def load(folder, *, size: int = 6):
    maps, spectra = np.random.default_rng(0).random((size, size, 1)), np.linspace(0.5, 1, 4)
    signal = maps * spectra
    return [Item("one", signal / signal.max(), extras={"secret": np.array(["x"])}),
            Item("two", signal / signal.max(), budget=3, extras={"secret": np.array(["y"])})]
'''
METHOD = '''"""What is granted, as an answer."""

import numpy as np

from benchmark.contract import Estimate, Snapshot

LABEL = "Guess"
FAMILY = "first"
TASKS = {"split"}
DEVICES = {"cpu"}


def solve(problem, *, seed, device, scale: float = 1.0):
    assert set(problem.granted) == {"spectrum"}, problem.granted.keys()
    known = scale * np.ones(problem.observed.shape) * problem.granted["spectrum"]
    wrong = {"known": known[..., ::-1], "rest": 0 * known}
    trace = [Snapshot(1, 0.1, 1.0, last=wrong), Snapshot(2, 0.2, 0.5, last={"known": known})]
    rest = {"rest": np.full(known.shape, float(problem.budget or 0))} if problem.budget else {}
    return Estimate(parts={"known": known[..., ::-1]} | rest, trace=trace, iterations=2)
'''


@pytest.fixture
def checkout(house, monkeypatch):
    """Return a checkout with the task `split`, and methods and an experiment of it."""
    house.write("tasks/split.py", TASK)
    house.write("datasets/secrets.py", DATA)
    house.write("baselines/guess.py", METHOD)
    truth = METHOD.replace("scale", "factor").replace('"Guess"', '"Truth"').replace('{"spectrum"}', '{"secret"}')
    truth = truth.replace('problem.granted["spectrum"]', "problem.observed") + "\n\nCONTROL = SEES_TRUTH = True\n"
    house.write("baselines/truth.py", truth)
    house.experiment(
        task="split",
        pose={"keep": 3},
        data={"stacks": {"file": "secrets", "budget": 7}},
        noise={"stripes": {"model": "striped", "height": 0.1}},
        methods=["truth", {"name": "guess-double", "file": "guess", "params": {"scale": 2}}],
    )
    for module in ("preparing", "posing", "runner", "scoring"):
        monkeypatch.setattr(f"benchmark.{module}.ROOT", house.root)
    return house


def scores_of(house, plan, method):
    """Return scores and curves of a method, and the record of its run, by the steps of the workflow."""
    cell = ("first", "stacks", "stripes", method, 0)
    home = house.root / "results"
    items, facts = home / "items.npz", home / "facts.json"
    prepare(plan.preparation_of("first", "stacks"), home, items, facts)
    problems = {"given": home / "given.npz", "withheld": home / "withheld.npz", "facts": facts}
    pose(plan.posing_of(*cell[:3], 0), items, facts, problems["given"], problems["withheld"])
    shown = problems["withheld" if method in plan.methods(sees_truth=True) else "given"]
    run = Run(**plan.running_of(*cell)["run"])
    run_method(run, shown, facts, home / run.folder, home / "log", 60)
    [asked] = [plan.scoring_of(own) for own in plan.runs_of_cell(*cell[:3], 0) if own.method == method]
    score_cell([asked], [home / run.folder / "record.json"], problems, home / "scores.csv", home / "curves.csv")
    record = load_json(home / run.folder / "record.json")
    return gather([home / "scores.csv"], "first"), pd.read_csv(home / "curves.csv"), record


def test_a_task_with_parts_a_budget_and_granted_arrays_goes_the_whole_way(checkout):
    plan = checkout.plan()
    scores, _, record = scores_of(checkout, plan, "guess-double")
    assert [(item["item"], item["status"], item["message"]) for item in record["items"]] == [
        ("one", "ok", ""),
        ("two", "ok", ""),
    ]
    given, withheld = (load_arrays(checkout.root / "results" / f"{name}.npz") for name in ("given", "withheld"))
    assert set(given) == {f"{item}/{name}" for item in ("one", "two") for name in ("observed", "spectrum")}
    assert set(withheld) == {f"{item}/{name}" for item in ("one", "two") for name in ("signal", "secret")}
    stripes = given["one/observed"] - withheld["one/signal"]
    assert 0 < stripes.max() <= 0.1
    assert np.ptp(stripes, axis=(1, 2)).max() < 1e-6
    estimate = load_arrays(checkout.root / "results/runs/first/stacks/stripes/guess-double/0/estimate.npz")
    assert estimate["one/answer/part/rest"].max() == 7
    assert estimate["two/answer/part/rest"].max() == 3
    assert estimate["one/answer/part/known"].max() == pytest.approx(2 * given["one/spectrum"].max())
    assert set(scores["metric"]) == {"sam", "psnr"}
    assert set(scores["family"]) == {"first"}


def test_the_oracle_has_the_smallest_angle_and_the_curve_is_of_angles(checkout):
    scores, curves, _ = scores_of(checkout, checkout.plan(), "guess-double")
    angles = scores.query("metric == 'sam' and item == 'one'").set_index("iterate")["value"]
    assert angles["oracle"] == angles["last"] == pytest.approx(0, abs=0.1)
    assert angles["returned"] > 10
    assert set(curves["metric"]) == {"sam"}
    assert list(curves.query("item == 'one'")["value"]) == pytest.approx([angles["returned"], 0], abs=0.2)


def test_a_control_sees_what_is_withheld_and_nothing_else(checkout):
    plan = checkout.plan()
    assert plan.methods(sees_truth=True) == ["truth"]
    scores, _, record = scores_of(checkout, plan, "truth")
    assert {item["status"] for item in record["items"]} == {"ok"}
    assert set(scores["control"]) == {True}
    best = scores.query("iterate == 'oracle' and metric == 'psnr' and item == 'one'")["value"]
    assert best.item() > 70  # a trace is kept in half precision
