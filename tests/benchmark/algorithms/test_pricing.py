"""Prices in a ball: the best one against a solver of SciPy, and gradient ascent by values against the gradient."""

import numpy as np
import pytest
from scipy.optimize import minimize

from benchmark.algorithms.pricing import Shop, ascend, best_price, in_ball, on_sphere, random_price, steps_of
from benchmark.contract import Problem


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("shift", [-1.0, 0.0, 0.3, 5.0])
def test_the_best_price_is_that_of_a_solver(shift, rng):
    for _ in range(4):
        B = rng.standard_normal((4, 4)) + shift * np.eye(4)
        c = rng.standard_normal(4)
        price = best_price(c, B)
        assert np.linalg.norm(price) <= 1 + 1e-12
        inside = {"type": "ineq", "fun": lambda p: 1 - p @ p}
        starts = [in_ball(rng.standard_normal(4)) for _ in range(8)]
        found = [minimize(lambda p, c=c, B=B: -p @ (c - B @ p), own, constraints=[inside]) for own in starts]
        most = max(-own.fun for own in found if own.success and own.x @ own.x <= 1 + 1e-9)
        assert price @ (c - B @ price) == pytest.approx(most, abs=1e-6)


def test_the_best_price_of_demands_in_a_span_is_in_it(rng):
    U = np.linalg.qr(rng.standard_normal((7, 2)))[0]
    price = best_price(U @ [0.3, 0.1], U @ np.diag([1.0, 0.5]) @ U.T)
    np.testing.assert_allclose(price, U @ [0.15, 0.1], atol=1e-9)


def test_points_of_the_sphere_and_of_the_ball(rng):
    points = np.stack([on_sphere(3, rng) for _ in range(4000)])
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1)
    np.testing.assert_allclose(points.T @ points / len(points), np.eye(3) / 3, atol=0.02)
    lengths = np.linalg.norm([random_price(3, rng) for _ in range(2000)], axis=1)
    np.testing.assert_allclose(np.quantile(lengths, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.04)
    np.testing.assert_array_equal(in_ball(np.array([0.3, 0.4])), [0.3, 0.4])
    np.testing.assert_allclose(in_ball(np.array([3.0, 4.0]), 0.5), [0.3, 0.4])


def problem_of(play, rounds, bound=1.0, slope=3.0):
    granted = {"rounds": np.array(rounds), "revenue_bound": np.array(bound), "revenue_slope": np.array(slope)}
    return Problem(np.zeros(3), granted=granted, play=play)


def test_steps_are_the_papers_and_ask_no_farther_than_a_tenth():
    eta, delta = steps_of(problem_of(None, 10_000), 3)
    assert (eta, delta) == (pytest.approx(0.01), pytest.approx(0.1 * np.sqrt(3 / 12)))
    assert steps_of(problem_of(None, 10_000), 300)[1] == 0.1


def test_ascent_moves_along_the_gradient_of_the_revenue_on_average(rng):
    c = np.array([0.5, 0.2, -0.1])
    rounds = 3000
    moved = np.zeros(3)
    for _ in range(20):  # small steps, so that the price stays near 0, where the gradient is c
        shop = Shop(problem_of(lambda price: c - price, rounds, bound=100.0))
        ascend(problem_of(shop.play, rounds, bound=100.0), rng, shop, np.eye(3))
        eta, delta = steps_of(problem_of(None, rounds, bound=100.0), 3)
        moved += (shop.prices[-1] - shop.prices[0]) / (20 * eta * delta / 3 * rounds)
    assert np.linalg.norm(moved - c) < 0.25 * np.linalg.norm(c)


def test_a_price_is_never_out_of_the_ball(rng):
    shop = Shop(problem_of(lambda price: 9 * np.ones(3), 400))
    ascend(problem_of(shop.play, 400), rng, shop, np.eye(3))
    lengths = np.linalg.norm(shop.estimate.signal, axis=1)
    assert len(lengths) == 400
    assert 0.99 < lengths.max() <= 1 + 1e-12
