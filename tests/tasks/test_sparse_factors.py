"""The task `sparse_factors`: what factors are worth, and which factors and matrices are refused."""

import numpy as np
import pytest

from benchmark.contract import Item
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.operators import SparseProjection
from benchmark.posing import problem_of
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "sparse_factors.py")
RNG = np.random.default_rng(0)
W = np.zeros((40, 2))
W[[3, 10, 20], 0], W[[5, 20, 31], 1] = RNG.uniform(0.5, 1, (2, 3))
H = RNG.uniform(0.1, 1, (18, 2))
OBSERVATION = Observation(None, SparseProjection(0.6, 3))


def pose(signal=None, rank=2, **extras):
    signal = W @ H.T if signal is None else signal
    return TASK.pose(Item("item", signal, rank=rank, extras={"W": W} | extras), OBSERVATION, np.random.default_rng(0))


def measured(left, right):
    posed = pose()
    problem = problem_of(posed.given, OBSERVATION, rank=2)
    assert TASK.answer_shape(problem) == {"W": left.shape, "H": right.shape}
    return {name: measure({"W": left, "H": right}) for name, measure in TASK.measures(problem, posed.withheld).items()}


def test_the_true_factors_are_exact_in_any_order_and_scale():
    found = measured(W[:, ::-1] * [2, 5], H[:, ::-1] / [2, 5])
    assert found["relative_error"] < 1e-10
    assert found["match"] == pytest.approx(1)
    assert found["nonzeros"] == 6


def test_a_dense_factor_has_its_non_zeros_told_and_a_match_of_no_more_than_its_cosine():
    found = measured(np.ones((40, 2)), np.ones((18, 2)))
    assert found["nonzeros"] == 80
    assert found["match"] == pytest.approx(np.mean(W.sum(axis=0) / np.linalg.norm(W, axis=0)) / np.sqrt(40))
    assert found["match"] < np.sqrt(3 / 40)


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        (-W, -H, "the answer: the factor W has 6 negative entries, the least -[0-9.]+: it has to be non-negative"),
        (W, H * [1, -1], "the answer: the factor H has 18 negative entries"),
        (W - 1e-6, H, "the answer: the factor W has 74 negative entries, the least -1e-06"),
    ],
)
def test_factors_with_a_negative_entry_are_refused(left, right, message):
    with pytest.raises(ValueError, match=message):
        measured(left, right)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signal": np.zeros((40, 18))}, "item: all 720 values are zero"),
        ({"signal": np.full((40, 18), np.nan)}, "item: 720 of 720 values are NaN or infinite"),
        ({"signal": -W @ H.T}, "item: the matrix has 90 negative entries"),
        ({"W": W[:, :1]}, r"item: the extra `W` has the shape \(40, 1\): rows and rank make it \(40, 2\)"),
        ({"W": W.T}, r"item: the extra `W` has the shape \(2, 40\)"),
        ({"rank": 3}, r"item: the extra `W` has the shape \(40, 2\): rows and rank make it \(40, 3\)"),
        ({"rank": None}, "item: no rank is told: give the data set a `rank` from 1 to 18"),
        ({"W": -W}, "item: the extra `W` has 6 negative entries"),
        ({"W": W * [1, 0]}, "item: a column of the extra `W` is zero or not finite"),
        ({"W": W * [1, np.nan]}, "item: a column of the extra `W` is zero or not finite"),
    ],
)
def test_a_matrix_or_a_true_factor_that_breaks_the_model_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        pose(**changes)
