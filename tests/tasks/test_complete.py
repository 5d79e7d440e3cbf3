"""The task `complete`: who sees which entries, what is scored in which unit, and what is refused."""

import numpy as np
import pytest

from benchmark.contract import Item, Problem
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.source import ROOT

COMPLETE = load_module(ROOT / "tasks" / "complete.py")
SIGNAL = np.linspace(0.2, 1, 20).reshape(4, 5)


def masks(*observed: tuple[int, int]) -> np.ndarray:
    """Return a mask of the shape of the signal that marks some places."""
    mask = np.zeros(SIGNAL.shape, bool)
    for place in observed:
        mask[place] = True
    return mask


def pose(signal=SIGNAL, share=0.5, **extras):
    item = Item("item", signal, extras=extras)
    return COMPLETE.pose(item, Observation(), np.random.default_rng(0), share=share)


def measured(posed, answer):
    problem = Problem(posed.given["observed"], granted={"mask": posed.given["mask"]})
    return {name: measure(answer) for name, measure in COMPLETE.measures(problem, posed.withheld).items()}


def test_no_entry_that_is_scored_is_given():
    observed, scored = masks((0, 0), (1, 2), (3, 4)), masks((0, 1), (2, 2))
    posed = pose(observed=observed, scored=scored)
    np.testing.assert_allclose(posed.given["observed"], np.where(observed, SIGNAL, 0), rtol=1e-6)
    np.testing.assert_array_equal(posed.given["mask"], observed)
    np.testing.assert_array_equal(posed.withheld["scored"], scored)
    # What methods get is the same whatever stands in the other entries.
    other = pose(np.where(observed, SIGNAL, 0.3), observed=observed, scored=scored)
    np.testing.assert_array_equal(other.given["observed"], posed.given["observed"])


def test_a_mask_is_drawn_where_the_data_have_none_and_all_others_are_scored():
    posed = pose(np.random.default_rng(1).random((40, 50)), share=0.3)
    assert posed.given["mask"].sum() == 600
    np.testing.assert_array_equal(posed.withheld["scored"], ~posed.given["mask"])


def test_errors_are_of_the_scored_entries_alone_and_in_their_unit():
    posed = pose(observed=masks((0, 0), (1, 2)), scored=masks((0, 1), (2, 2)), unit=np.array(5.0))
    answer = np.full(SIGNAL.shape, 9.0)
    answer[0, 1], answer[2, 2] = SIGNAL[0, 1] + 0.3, SIGNAL[2, 2] - 0.4
    found = measured(posed, answer)
    assert found["rmse"] == pytest.approx(5 * np.sqrt((0.3**2 + 0.4**2) / 2))
    assert found["snr"] == pytest.approx(20 * np.log10(np.hypot(SIGNAL[0, 1], SIGNAL[2, 2]) / 0.5))


def test_answers_are_clipped_to_the_bounds_of_a_scale():
    bounds = np.array([0.2, 1.0])
    posed = pose(observed=masks((0, 0), (1, 2)), scored=masks((3, 4), (0, 1)), bounds=bounds)
    answer = np.full(SIGNAL.shape, 7.0)
    answer[0, 1] = -3
    assert measured(posed, answer)["rmse"] == pytest.approx((SIGNAL[0, 1] - 0.2) / np.sqrt(2))
    assert "snr" not in measured(posed, answer)


def test_the_rank_is_that_of_the_answer():
    rng = np.random.default_rng(2)
    posed = pose(rng.random((30, 20)))
    answer = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 20))
    for own, rank in ((answer, 3), (answer.astype(np.float32), 3), (0 * answer, 0), (answer.T, 3)):
        assert COMPLETE.numerical_rank(own) == rank
    assert measured(posed, answer)["rank"] == 3


def test_what_is_measured_may_differ_from_the_signal_that_is_scored():
    observed = masks((0, 0), (1, 2))
    posed = pose(observed=observed, measured=SIGNAL + 0.1)
    np.testing.assert_allclose(posed.given["observed"][observed], SIGNAL[observed] + 0.1, rtol=1e-6)
    assert measured(posed, SIGNAL)["rmse"] == 0


@pytest.mark.parametrize(
    ("extras", "message"),
    [
        ({"observed": masks((0, 0))}, "'observed' has 1 entries: give 2 at least"),
        ({"scored": masks()}, "'scored' has 0 entries"),
        ({"observed": np.ones((3, 3))}, r"'observed' of shape \(3, 3\) for a signal of shape \(4, 5\)"),
        ({"observed": masks((0, 0), (1, 1)), "scored": masks((1, 1), (2, 2))}, "1 entries are observed and scored"),
        ({"unit": np.array(0.0)}, "item: the extra `unit` is 0.0: give a positive number"),
        ({"unit": np.ones(3)}, r"item: the extra `unit` is \[1. 1. 1.\]: give a positive number"),
        ({"bounds": np.array([1.0, 0.0])}, r"item: the extra `bounds` is \[1. 0.\]: give the least and the largest"),
        ({"bounds": np.array([0.0, np.nan])}, r"item: the extra `bounds` is \[ 0. nan\]"),
        ({"bounds": np.ones(3)}, r"item: the extra `bounds` is \[1. 1. 1.\]"),
        (
            {"measured": np.full(SIGNAL.shape, np.nan)},
            "item: 10 values that are observed or scored are NaN or infinite",
        ),
        (
            {"observed": masks((0, 0), (1, 1)), "bounds": np.array([0.3, 1.0])},
            r"item: 3 values are beyond the scale from 0.3 to 1: drop them",
        ),
    ],
)
def test_masks_and_values_that_make_no_problem_are_refused(extras, message):
    with pytest.raises(ValueError, match=message):
        pose(**extras)


def test_scored_values_of_zero_have_no_relative_error_and_are_refused():
    observed = np.arange(20).reshape(4, 5) % 2 == 0
    with pytest.raises(ValueError, match="item: all scored values are zero, and errors relative to them none"):
        pose(np.where(observed, SIGNAL, 0), observed=observed)
    posed = pose(np.where(observed, SIGNAL, 0), observed=observed, bounds=np.array([0.0, 1.0]))
    assert measured(posed, np.full(SIGNAL.shape, 0.25))["rmse"] == pytest.approx(0.25)  # which is relative to nothing


def test_a_picture_in_colour_is_refused():
    with pytest.raises(ValueError, match=r"a signal of shape \(4, 5, 3\); a matrix, or a grey image"):
        pose(np.ones((4, 5, 3)))
