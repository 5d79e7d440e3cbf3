"""The task `bandit`: what an environment answers, what prices cost, and what is refused."""

import numpy as np
import pytest
from scipy.optimize import minimize

from benchmark.contract import Item
from benchmark.environment import Rounds
from benchmark.loading import load_module
from benchmark.noise import Gaussian
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "bandit.py")
EXACT, NOISY = Observation(), Observation(Gaussian(0.1))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def demands(rng, products=4, number=1):
    """Return a signal of so many demands, whose B is positive definite."""
    own = []
    for _ in range(number):
        A = rng.standard_normal((products, products)) / products
        own.append(np.column_stack([rng.uniform(0.1, 0.5, products), A @ A.T + 0.3 * np.eye(products)]))
    return np.stack(own, axis=2).astype(np.float32)


def pose(signal, observation=EXACT, rounds=60, rank=2, seed=0, **extras):
    item = Item("item", signal, rank=rank, signed=True, extras=extras)
    return TASK.pose(item, observation, np.random.default_rng(seed), rounds=rounds)


def measured(posed, prices):
    measures = TASK.measures(problem_of(posed.given, EXACT), posed.withheld)
    return {name: measure(np.asarray(prices, float)) for name, measure in measures.items()}


def test_demands_fall_with_prices_as_they_are_planted(rng):
    signal = demands(rng)
    posed, price = pose(signal), 0.3 * rng.uniform(size=4)
    rounds = Rounds(TASK.respond, posed.withheld, EXACT)
    np.testing.assert_allclose(rounds.play(price), signal[:, 0, 0] - signal[:, 1:, 0] @ price, rtol=1e-6)
    np.testing.assert_allclose(posed.given["observed"], signal[:, 0, 0])


def test_the_noise_of_a_round_is_the_same_whatever_was_played_before_and_that_of_each_another(rng):
    posed = pose(demands(rng), NOISY)
    first, second = (Rounds(TASK.respond, posed.withheld, NOISY) for _ in range(2))
    first.play(0.9 * np.eye(4)[0])
    seen = first.play(np.zeros(4))
    other = second.play(np.zeros(4))
    np.testing.assert_array_equal(second.play(np.zeros(4)), seen)
    assert np.abs(seen - other).min() > 1e-4
    draws = np.stack([second.play(np.zeros(4)) for _ in range(50)])
    assert draws.std() == pytest.approx(0.1, rel=0.5)
    assert pose(demands(rng), NOISY, seed=1).withheld["noise_seed"] != posed.withheld["noise_seed"]


def test_demands_change_at_equal_parts_of_the_rounds(rng):
    signal = demands(rng, number=3)
    rounds = Rounds(TASK.respond, pose(signal, rounds=7).withheld, EXACT)
    seen = [rounds.play(np.zeros(4)) for _ in range(7)]
    order = [int(np.argmin([np.abs(own - signal[:, 0, number]).sum() for number in range(3)])) for own in seen]
    assert order == [0, 0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros(3), r"prices of shape \(3,\) in round 1: give one for each of 4"),
        (np.zeros((1, 4)), r"prices of shape \(1, 4\) in round 1"),
        (np.full(4, 0.6), "prices of length 1.2 in round 1: give finite ones in the unit ball"),
        (np.full(4, np.nan), "prices of length nan in round 1"),
        (np.array([np.inf, 0, 0, 0]), "prices of length inf in round 1"),
    ],
)
def test_prices_that_are_none_are_refused_and_take_no_round(action, message, rng):
    rounds = Rounds(TASK.respond, pose(demands(rng)).withheld, EXACT)
    with pytest.raises(ValueError, match=message):
        rounds.play(action)
    assert rounds.actions == []


def test_a_round_more_than_there_are_is_refused(rng):
    rounds = Rounds(TASK.respond, pose(demands(rng), rounds=3).withheld, EXACT)
    for _ in range(3):
        rounds.play(np.zeros(4))
    with pytest.raises(ValueError, match="all 3 rounds have been played: no more are granted"):
        rounds.play(np.zeros(4))
    assert len(rounds.actions) == 3


def test_the_log_keeps_prices_as_they_were_played(rng):
    rounds = Rounds(TASK.respond, pose(demands(rng)).withheld, EXACT)
    price = np.zeros(4)
    rounds.play(price)
    price += 0.5
    assert not rounds.actions[0].any()


def test_regret_of_one_product_by_hand():
    # Revenue p / 2 - p^2 / 2 is best at 1/2, with 1/8; at 1/4 it is 3/32, a quarter less.
    posed = pose(np.array([[[0.5], [0.5]]]), rounds=20, rank=1)
    assert measured(posed, np.full((20, 1), 0.5))["regret"] == pytest.approx(0, abs=1e-9)
    assert measured(posed, np.full((20, 1), 0.25))["regret"] == pytest.approx(25)
    assert measured(posed, np.zeros((20, 1)))["regret"] == pytest.approx(100)
    half = np.where(np.arange(20) < 10, 0.25, 0.5)[:, None]
    assert measured(posed, half)["regret"] == pytest.approx(12.5)


def test_the_best_price_that_stays_the_same_is_that_of_a_solver_over_all_rounds(rng):
    signal = demands(rng, number=3)
    posed = pose(signal, rounds=7)
    turns = [0, 0, 0, 1, 1, 2, 2]

    def lost(p):
        return -sum(p @ (signal[:, 0, own] - signal[:, 1:, own] @ p) for own in turns)

    inside = {"type": "ineq", "fun": lambda p: 1 - p @ p}
    found = minimize(lost, np.full(4, 0.1), constraints=[inside])
    assert list(measured(posed, np.tile(found.x, (7, 1)))) == ["regret"]
    assert measured(posed, np.tile(found.x, (7, 1)))["regret"] == pytest.approx(0, abs=1e-3)
    other = found.x + 0.05 * rng.standard_normal(4)
    assert measured(posed, np.tile(other, (7, 1)))["regret"] == pytest.approx(100 * (1 - lost(other) / found.fun))


@pytest.mark.parametrize(
    ("c", "B"),
    [
        ([0.0, 0.0, 0.0], -np.eye(3)),  # the revenue is p^2: all of the sphere is best
        ([0.3, 0.0, 0.0], np.diag([0.5, -0.4, 0.2])),  # nothing of c is along the axis that revenues grow on
        ([0.3, 0.1, 0.0], np.diag([0.5, -0.4, 0.2])),
        ([0.3, 0.1, 0.2], np.array([[0.1, 2.0, 0.0], [-1.0, 0.1, 0.0], [0.0, 0.0, -0.1]])),
    ],
)
def test_no_price_is_better_than_the_best_of_demands_of_any_sign(c, B, rng):
    def revenue(p):
        return p @ c - np.sum(p @ B.T * p, axis=-1)

    best = TASK.best_price(np.array(c), B)
    prices = rng.standard_normal((20000, 3))
    prices *= rng.uniform(size=(20000, 1)) ** (1 / 3) / np.linalg.norm(prices, axis=1, keepdims=True)
    assert np.linalg.norm(best) <= 1 + 1e-9
    sphere = prices / np.linalg.norm(prices, axis=1, keepdims=True)
    assert revenue(best) >= max(revenue(prices).max(), revenue(sphere).max()) - 1e-9


def test_prices_that_follow_demands_that_change_can_be_better_than_any_that_stay(rng):
    signal = np.stack([demands(rng)[..., 0], demands(rng)[..., 0]], axis=2)
    signal[0, 0, 0], signal[0, 0, 1] = 0.9, -0.9
    posed = pose(signal, rounds=40)
    each = [TASK.best_price(signal[:, 0, own].astype(float), signal[:, 1:, own].astype(float)) for own in (0, 1)]
    assert measured(posed, np.repeat(each, 20, axis=0))["regret"] < -10


@pytest.mark.parametrize("power", [0.5, 0.75, 1.0])
def test_the_slope_is_the_power_of_the_regret(power):
    assert TASK.slope(3 * np.arange(1, 401.0) ** power) == pytest.approx(power)


def test_no_regret_has_no_slope():
    assert TASK.slope(np.full(100, 1e-9)) == 0


@pytest.mark.parametrize("number", [0, 59, 61])
def test_prices_of_other_rounds_than_there_are_have_no_measure(number, rng):
    with pytest.raises(ValueError, match=f"prices of {number} rounds were played, where there are 60"):
        measured(pose(demands(rng)), np.zeros((number, 4)))


def test_what_algorithms_suppose_known_does_not_depend_on_the_number_of_products(rng):
    z, V = np.array([0.3, 0.4]), np.diag([0.5, 0.25])
    granted = []
    for products in (2, 50):
        U = np.linalg.qr(rng.standard_normal((products, 2)))[0]
        signal = np.column_stack([U @ z, U @ V @ U.T])[..., None]
        granted.append(pose(signal, features=U).given)
        np.testing.assert_array_equal(granted[-1]["features"], U)
    assert granted[0]["revenue_slope"] == pytest.approx(0.5 + 2 * 0.5)
    assert granted[1]["revenue_slope"] == pytest.approx(1.5, rel=1e-5)
    assert granted[1]["revenue_bound"] == pytest.approx(granted[0]["revenue_bound"], rel=0.1)
    # At most |c| + |B|, and no less than a tenth more than the best revenue, z V^-1 z / 4 where that is in the ball.
    assert 1.1 * 0.19 < granted[0]["revenue_bound"] < 1.1


@pytest.mark.parametrize(
    ("signal", "rounds", "rank", "message"),
    [
        (np.ones((4, 4, 1)), 9, 2, r"item: a signal of shape \(4, 4, 1\): give N x \(N \+ 1\) x S"),
        (np.ones((4, 5)), 9, 2, r"item: a signal of shape \(4, 5\): give"),
        (np.zeros((4, 5, 1)), 9, 2, "item: all 20 values are zero"),
        (np.full((4, 5, 1), np.nan), 9, 2, "item: 20 of 20 values are NaN or infinite"),
        (np.ones((4, 5, 3)), 2, 2, "item: 2 `rounds` of 3 demands: give one round for each"),
        (np.ones((4, 5, 1)), 0, 2, "item: 0 `rounds` of 1 demands"),
        (np.ones((4, 5, 1)), 9, None, "item: no rank is told"),
        (np.ones((4, 5, 1)), 9, 5, "item: the rank 5"),
        (np.dstack([np.column_stack([np.zeros(4), np.eye(4)])]), 9, 2, "item: no price makes a revenue"),
    ],
)
def test_what_nobody_could_play_is_refused(signal, rounds, rank, message):
    with pytest.raises(ValueError, match=message):
        pose(signal, rounds=rounds, rank=rank)
