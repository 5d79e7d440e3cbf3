"""Weights of pixels against what they are by hand."""

import numpy as np
import pytest

from benchmark.algorithms.robust_weights import logistic, mean_scaled, welsch

ERRORS = np.array([[0.0, -0.1, 0.2, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8, 5.0]])
EVERY = [lambda e: welsch(e, 0.5), lambda e: logistic(e, 0.6, 8.0), lambda e: mean_scaled(e, 4.0)]


@pytest.mark.parametrize("weigh", EVERY)
def test_weights_fall_with_the_size_of_the_error_and_do_not_depend_on_its_scale(weigh):
    weights = weigh(ERRORS)
    assert (np.diff(weights[0]) < 0).all()
    assert 0 <= weights.min() < 1e-3
    assert 0.9 < weights.max() <= 1
    np.testing.assert_allclose(weigh(1e-3 * ERRORS), weights, rtol=1e-9)


@pytest.mark.parametrize("weigh", EVERY)
def test_errors_of_zero_weigh_as_zero_errors_do(weigh):
    with np.errstate(all="raise", under="ignore"):
        weights = weigh(np.zeros((1, 10), np.float32))
    assert (weights > 0.9).all()


def test_the_logistic_weight_is_a_half_at_the_share_of_the_squares():
    assert logistic(ERRORS, 0.6, 8.0)[0, 5] == pytest.approx(0.5)
    assert logistic(ERRORS, 0.6, 8.0)[0, 4] == pytest.approx(1 / (1 + np.exp(8 * (0.16 / 0.25 - 1))))


def test_the_logistic_weight_is_finite_where_most_errors_vanish():
    errors = np.zeros((1, 10), np.float32)
    errors[0, :2] = 0.3
    with np.errstate(all="raise", under="ignore"):
        weights = logistic(errors, 0.6, 8.0)
    assert weights[0, 0] < 1e-6
    assert (weights[0, 2:] > 0.99).all()


def test_the_correntropy_weight_has_the_width_that_it_is_told():
    mean = np.mean(ERRORS**2)
    assert welsch(ERRORS, 0.5)[0, 5] == pytest.approx(np.exp(-0.25 / mean))


def test_the_weight_scaled_by_the_mean_is_a_half_there():
    assert mean_scaled(np.array([[1.0, 2.0, 3.0]]), 4.0)[0, 1] == pytest.approx(0.5)
    assert mean_scaled(np.array([[1.0, 2.0, 3.0]]), 4.0, offset=3.0)[0, 1] == pytest.approx(0.25)
