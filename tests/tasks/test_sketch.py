"""The task `sketch`: which matrices are given, what a sketch is judged by, and what is refused."""

import numpy as np
import pytest

from benchmark.contract import Item, Problem
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.source import ROOT

SKETCH = load_module(ROOT / "tasks" / "sketch.py")
RNG = np.random.default_rng(0)
STACK = RNG.random((6, 5, 9)).astype(np.float32)


def pose(signal, seed=0, share=0.5, rank=2, budget=3, **extras):
    item = Item("item", signal, rank=rank, budget=budget, extras=extras)
    return SKETCH.pose(item, Observation(), np.random.default_rng(seed), share=share)


def measured(signal, sketch, rank=2, kept=1000.0, **extras):
    posed = pose(signal, rank=rank, budget=len(sketch), **extras)
    problem = Problem(posed.given["observed"], rank=rank, budget=len(sketch))
    answer = {"sketch": sketch, "kept": np.array(kept)}
    return {name: measure(answer) for name, measure in SKETCH.measures(problem, posed.withheld).items()}


def excess_of(matrix, rows, rank):
    """Return the excess error in percent by its definition, with explicit approximations."""
    right = np.linalg.svd(rows, full_matrices=False)[2]
    left, values, inner = np.linalg.svd(matrix @ right.T, full_matrices=False)
    found = (left[:, :rank] * values[:rank]) @ inner[:rank] @ right
    left, values, inner = np.linalg.svd(matrix, full_matrices=False)
    best = (left[:, :rank] * values[:rank]) @ inner[:rank]
    return 100 * (np.linalg.norm(matrix - found) / np.linalg.norm(matrix - best) - 1)


def test_a_random_share_of_the_matrices_is_given_and_the_others_are_withheld():
    posed = pose(STACK, share=1 / 3)
    given, test = posed.given["observed"], posed.withheld["test"]
    assert (given.shape, test.shape) == ((6, 5, 3), (6, 5, 6))
    both = np.concatenate([given, test], axis=2)
    assert {own.tobytes() for own in np.moveaxis(both, 2, 0)} == {own.tobytes() for own in np.moveaxis(STACK, 2, 0)}
    assert (pose(STACK, seed=1, share=1 / 3).given["observed"] != given).any()


def test_marks_say_which_matrices_are_given():
    training = np.arange(9) % 3 == 0
    posed = pose(STACK, training=training)
    np.testing.assert_array_equal(posed.given["observed"], STACK[..., training])
    np.testing.assert_array_equal(posed.withheld["test"], STACK[..., ~training])


@pytest.mark.parametrize("shape", [(40, 12), (9, 30)])
def test_a_stream_is_judged_by_what_its_sketch_spans_and_by_its_covariance(shape):
    rng = np.random.default_rng(1)
    matrix, rows = rng.standard_normal(shape), 3 * rng.standard_normal((5, shape[1]))
    found = measured(matrix, rows)
    matrix = matrix.astype(np.float32).astype(float)
    energy = np.linalg.norm(matrix) ** 2
    error = np.linalg.norm(matrix.T @ matrix - rows.T @ rows, 2)
    tails = [np.sum(np.linalg.svd(matrix, compute_uv=False)[k:] ** 2) for k in range(5)]
    bound = min(tails[k] / (5 - k) for k in range(5))
    assert found["excess"] == pytest.approx(excess_of(matrix, rows, 2))
    assert found["covariance_error"] == pytest.approx(100 * error / energy)
    assert found["bound_share"] == pytest.approx(error / bound)
    assert found["kept"] == 1000


def test_a_stack_is_judged_by_the_mean_over_the_withheld_matrices_alone():
    sketch = np.random.default_rng(2).standard_normal((3, 6)) * (np.arange(6) > 1)
    training = np.arange(9) < 4
    found = measured(STACK, sketch, training=training)
    tests = np.moveaxis(STACK[..., 4:].astype(float), 2, 0)
    assert found["excess"] == pytest.approx(np.mean([excess_of(own, sketch @ own, 2) for own in tests]))
    assert found["nonzeros"] == 12
    assert "bound_share" not in found


def test_a_sketch_of_as_many_rows_as_the_rank_of_the_matrix_has_no_excess():
    rng = np.random.default_rng(3)
    matrix = rng.standard_normal((30, 4)) @ rng.standard_normal((4, 20))
    values = [measured(matrix, rng.standard_normal((size, 30)) @ matrix)["excess"] for size in (2, 3, 4, 6)]
    assert min(values[:2]) > 0.1
    assert max(values[2:]) < 1e-3


def test_the_exact_covariance_has_no_error_and_none_at_all_leaves_everything():
    matrix = np.random.default_rng(4).standard_normal((20, 6))
    exact = measured(matrix, np.linalg.qr(matrix.astype(np.float32).astype(float), mode="r"))
    assert exact["covariance_error"] < 1e-10
    nothing = measured(matrix, np.zeros((3, 6)))
    values = np.linalg.svd(matrix, compute_uv=False)
    assert nothing["covariance_error"] == pytest.approx(100 * values[0] ** 2 / np.sum(values**2), rel=1e-5)
    assert nothing["excess"] == pytest.approx(100 * (np.linalg.norm(values) / np.linalg.norm(values[2:]) - 1), rel=1e-5)


def test_a_sketch_of_zeros_for_rows_that_are_left_out_keeps_what_is_not_zero():
    sketch = np.random.default_rng(6).standard_normal((4, 5)) * (np.arange(4) < 2)[:, None]
    matrix = np.random.default_rng(7).standard_normal((9, 5))
    assert measured(matrix, sketch, kept=10.0)["kept"] == 10


@pytest.mark.parametrize("kept", [0.0, 9.0, -20.0, 10.5, np.nan, np.inf, 1e300])
def test_numbers_kept_that_are_none_or_fewer_than_the_sketch_has_are_refused(kept):
    sketch = np.random.default_rng(6).standard_normal((4, 5)) * (np.arange(4) < 2)[:, None]
    matrix = np.random.default_rng(7).standard_normal((9, 5))
    reason = "less than the 10 that it itself shows" if kept in (0, 9) else "it has to be a whole number"
    with pytest.raises(ValueError, match=f"declares .* as `kept`.*{reason}"):
        measured(matrix, sketch, kept=kept)


def test_a_matrix_that_its_best_approximation_equals_is_refused_when_it_is_posed():
    rng = np.random.default_rng(5)
    matrix = (rng.integers(-3, 4, (30, 2)) @ rng.integers(-3, 4, (2, 20))).astype(float)
    with pytest.raises(ValueError, match=r"item: matrix 0 of the 1 .* is of the rank 2 or less, and its best approx"):
        pose(matrix)
    assert measured(matrix, matrix[:4], rank=1)["excess"] < 1e-6
    stack = STACK.copy()
    stack[..., 4] = np.outer(np.arange(6), np.arange(5))
    with pytest.raises(ValueError, match=r"item: matrix 1 of the 6 .* is of the rank 2 or less"):
        pose(stack, training=np.arange(9) < 3)
    pose(stack, training=np.arange(9) > 3)  # sketches are not judged by it


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"rank": None}, "item: no rank is told: give the data set a `rank` from 1 to 4"),
        ({"rank": 5}, r"item: the rank 5 for a signal of shape \(6, 5, 9\): give 1 to 4"),
        ({"budget": None}, "item: no budget is told, the rows of a sketch: give the data set a `budget` from 2 to 6"),
        ({"budget": 1}, "item: the budget 1 for the rank 2: give 2 to 6"),
        ({"budget": 7}, "item: the budget 7 for the rank 2: give 2 to 6"),
    ],
)
def test_a_rank_and_a_budget_that_no_sketch_has_are_refused(told, message):
    with pytest.raises(ValueError, match=message):
        pose(STACK, **told)


@pytest.mark.parametrize(
    ("signal", "extras", "message"),
    [
        (STACK * (np.arange(9) != 4), {}, "item: matrix 4 of 9 is zero, and has no sketch: leave it out"),
        (np.zeros((4, 3)), {}, "item: all 12 values are zero"),
        (np.full((4, 3), np.inf), {}, "item: 12 of 12 values are NaN or infinite"),
        (STACK, {"training": np.ones(9)}, "item: 9 of 9 matrices are given: leave one at least on both sides"),
        (STACK, {"training": np.ones(5)}, "the extra 'training' has the shape .5,., and there are 9 matrices"),
    ],
)
def test_matrices_without_a_sketch_or_without_a_test_are_refused(signal, extras, message):
    with pytest.raises(ValueError, match=message):
        pose(signal, **extras)
