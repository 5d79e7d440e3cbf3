"""Prices in a ball: the best one against a grid, and gradient ascent by values against the gradient."""

import numpy as np
import pytest

from benchmark.algorithms.pricing import Shop, ascend, best_price, in_ball, on_sphere, random_price, steps_of
from benchmark.contract import Problem


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("shift", [-1.0, 0.0, 0.3, 5.0])
def test_no_price_of_a_fine_grid_is_better_than_the_best_one(shift, rng):
    angles, lengths = np.meshgrid(np.linspace(0, 2 * np.pi, 1000), np.linspace(0, 1, 200))
    grid = np.stack([lengths * np.cos(angles), lengths * np.sin(angles)], axis=-1).reshape(-1, 2)
    for _ in range(5):
        B = rng.standard_normal((2, 2)) + shift * np.eye(2)
        c = rng.standard_normal(2)
        price = best_price(c, B)
        most = np.max(np.sum(grid * (c - grid @ B.T), axis=1))
        assert np.linalg.norm(price) <= 1 + 1e-12
        assert most - 1e-9 <= price @ (c - B @ price) <= most + 1e-3


@pytest.mark.parametrize("rounding", [-1e-15, 0.0, 1e-15])
def test_the_best_price_of_demands_in_a_span_is_in_it(rounding, rng):
    U = np.linalg.qr(rng.standard_normal((7, 2)))[0]
    price = best_price(U @ [0.3, 0.1], U @ np.diag([1.0, 0.5]) @ U.T + rounding * np.eye(7))
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


def test_two_rounds_of_ascent_by_hand():
    U = np.linalg.qr(np.random.default_rng(8).standard_normal((3, 2)))[0]
    c = U @ [0.5, 0.2]
    problem = problem_of(lambda price: c - price, 2)
    shop = Shop(problem)
    ascend(problem, np.random.default_rng(1), shop, U)
    own = np.random.default_rng(1)
    first, second = (on_sphere(2, own) for _ in range(2))
    eta, delta = steps_of(problem, 2)
    price = delta * U @ first
    np.testing.assert_allclose(shop.prices[0], price)
    x = eta * (price @ (c - price)) * first
    np.testing.assert_allclose(shop.prices[1], U @ (x + delta * second))


def test_a_revenue_times_its_direction_is_the_gradient_on_average(rng):
    c, B, x, delta = np.array([0.5, 0.2, -0.1]), np.diag([0.5, 1.0, 2.0]), np.array([0.1, 0.2, 0.0]), 0.2
    directions = np.stack([on_sphere(3, rng) for _ in range(40_000)])
    prices = x + delta * directions
    revenues = np.sum(prices * (c - prices @ B), axis=1)
    mean = 3 / delta * np.mean(revenues[:, None] * directions, axis=0)
    np.testing.assert_allclose(mean, c - 2 * B @ x, atol=0.03)


def test_a_basis_that_is_learnt_is_that_of_the_next_round():
    bases = [np.eye(3)[:, :1], np.eye(3)[:, 1:2], np.eye(3)[:, 2:]]
    problem, seen = problem_of(lambda price: price + 0.5, 3), []

    def learn(demand):
        seen.append(demand)
        return bases[len(seen) % 3]

    shop = Shop(problem)
    ascend(problem, np.random.default_rng(0), shop, bases[0], learn)
    np.testing.assert_array_equal(np.array(shop.prices) != 0, np.eye(3, dtype=bool))
    np.testing.assert_array_equal(seen, np.array(shop.prices) + 0.5)


def test_a_price_is_never_out_of_the_ball(rng):
    shop = Shop(problem_of(lambda price: 9 * np.ones(3), 400))
    ascend(problem_of(shop.play, 400), rng, shop, np.eye(3))
    lengths = np.linalg.norm(shop.estimate.signal, axis=1)
    assert len(lengths) == 400
    assert 0.99 < lengths.max() <= 1 + 1e-12
