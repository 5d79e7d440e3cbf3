import numpy as np
import pytest

from benchmark.algorithms.held_out import best_iteration, best_setting, error_at, hold_out


def test_the_share_is_held_out_by_the_seed_alone():
    held = hold_out((30, 40), seed=3)
    assert held.sum() == 60
    np.testing.assert_array_equal(held, hold_out((30, 40), seed=3))
    assert (held != hold_out((30, 40), seed=4)).any()
    assert hold_out((2, 2), seed=0).sum() == 1


def test_the_error_is_that_of_the_entries_held_out_alone():
    held = np.array([True, False, True])
    assert error_at(held, np.array([1.0, 2, 3]), np.array([2.0, 99, 0])) == (1 + 9) / 2


def test_the_setting_that_predicts_best_is_chosen():
    rng = np.random.default_rng(0)
    truth = np.sin(np.linspace(0, 6, 400))
    observed = truth + 0.5 * rng.standard_normal(400)
    held = hold_out(observed.shape, seed=1, share=0.2)

    def running_mean(width: int) -> np.ndarray:
        kernel = np.ones(width)
        return np.convolve(observed * ~held, kernel, "same") / np.maximum(np.convolve(~held, kernel, "same"), 1)

    widths = [1, 3, 31, 399]
    best = min(widths, key=lambda width: np.mean((running_mean(width) - truth)[held] ** 2))
    assert best_setting(widths, running_mean, observed, held) == best == 31


def test_the_best_iterate_is_counted_from_one_and_patience_ends_the_search():
    observed, held = np.zeros(4), np.array([True, True, False, False])
    seen = []

    def predictions():
        for level in (3, 1, 2, 2, 2, 0):
            seen.append(level)
            yield np.full(4, float(level))

    assert best_iteration(predictions(), observed, held, patience=3) == 2
    assert seen == [3, 1, 2, 2, 2]


def test_iterates_without_a_finite_error_are_refused():
    with pytest.raises(ValueError, match="no iterate has a finite error"):
        best_iteration([np.full(3, np.nan)], np.zeros(3), np.ones(3, bool), patience=2)
