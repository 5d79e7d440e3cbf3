"""The judge of speed: what takes turns, what is counted and refused, and the ranks that budgets of papers allow."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.layers import answer_of, chain, layers_of
from benchmark.contract import Posed, Problem
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "speed.py")
LAYERS = load_module(ROOT / "datasets" / "drawn_layers.py")


def posed(budget: int | None = None, **sizes: int) -> tuple[Problem, Posed]:
    item = TASK.tiny_item(8, 6)
    own = TASK.pose(item, Observation(), np.random.default_rng(0), **({"batch": 2, "repetitions": 3} | sizes))
    return problem_of(own.given, Observation(), 1, budget or item.budget), own


def test_functions_take_turns_after_one_call_of_each():
    calls = []
    seconds = TASK.by_turns([lambda: calls.append(0), lambda: calls.append(1)], 3)
    assert calls == [0, 1] * 4
    assert seconds.shape == (2, 3)
    assert (seconds >= 0).all()


def test_seconds_are_of_the_call_itself(monkeypatch):
    clock = [0.0]

    def takes(seconds):
        clock[0] += seconds

    monkeypatch.setattr("time.thread_time", lambda: clock[0])
    assert TASK.by_turns([lambda: takes(1), lambda: takes(10)], 3).tolist() == [[1, 1, 1], [10, 10, 10]]


def test_the_layer_itself_has_no_reduction_and_counts_are_those_by_hand():
    problem, own = posed(budget=1000)
    (layer,) = layers_of(problem)
    values = TASK.values_of(problem, own.withheld, answer_of([chain(layer.kernel)]).parts)
    assert values["reduction"] == values["mac_reduction"] == 1
    assert values["weight_error"] < 1e-6
    passes = answer_of([chain(np.ones((5, 6, 3, 1)), np.ones((8, 5, 1, 3)))]).parts
    values = TASK.values_of(problem, own.withheld, passes)
    assert values["reduction"] == values["mac_reduction"] == 8 * 6 * 9 / (5 * 3 * (6 + 8))
    assert min(values["speedup"], values["speedup_least"]) > 0


def test_an_answer_that_is_fast_as_it_leaves_all_out_has_all_the_weights_as_error():
    problem, own = posed()
    nothing = answer_of([chain(np.zeros((1, 6, 1, 1)), np.zeros((8, 1, 1, 1)))]).parts
    assert TASK.values_of(problem, own.withheld, nothing)["weight_error"] == pytest.approx(1)


def test_an_answer_that_stores_more_than_the_budget_is_refused():
    problem, own = posed()
    (layer,) = layers_of(problem)
    with pytest.raises(ValueError, match="the answer stores 432 numbers, and the budget is 216"):
        TASK.values_of(problem, own.withheld, answer_of([chain(layer.kernel)]).parts)


@pytest.mark.parametrize("sizes", [{"batch": 0}, {"repetitions": 0}])
def test_counts_below_one_are_refused(sizes):
    with pytest.raises(ValueError, match="give 1 or more of each"):
        posed(**sizes)


@pytest.mark.parametrize(
    "extras",
    [{"shape": np.array(own)} for own in ([8, 6, 5, 5], [8, 6, 9], [8, 54, 1], [8, 6, 1, 9], [12, 9, 2, 2])]
    + [{"side": np.array(0)}],
)
def test_a_shape_that_is_not_the_layer_s_is_refused(extras):
    item = TASK.tiny_item(8, 6)
    with pytest.raises(
        ValueError, match=r"tiny: the shape .* of 432 weights, for images of . x . pixels: give outputs"
    ):
        TASK.pose(replace(item, extras=item.extras | extras), Observation(), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("outputs", "inputs", "reduction", "rank"), [(96, 3, 1.4545, 10), (128, 96, 5.378, 51), (256, 128, 8.366, 51)]
)
def test_budgets_of_tai_s_layers_allow_the_printed_ranks(outputs, inputs, reduction, rank):
    (item,) = LAYERS.load(Path(), outputs=outputs, inputs=inputs, side=4, reduction=reduction)
    numbers = load_module(ROOT / "baselines" / "tai.py").numbers
    assert numbers((outputs, inputs, 5, 5), rank) <= item.budget < numbers((outputs, inputs, 5, 5), rank + 1)


@pytest.mark.parametrize(
    "wrong", [{"pixels": 4}, {"reduction": 0.5}, {"reduction": np.nan}, {"pixels": -1}, {"side": 0}, {"inputs": 0}]
)
def test_layers_that_change_the_size_of_images_or_grow_are_refused(wrong):
    with pytest.raises(ValueError, match="give an odd number, and 1 or more"):
        LAYERS.load(Path(), **wrong)
