"""Prices by bandits and by least squares: orders of regret, what does not depend on the products, and single steps."""

from functools import cache

import numpy as np
import pytest

from benchmark.contract import Item, Skipped
from benchmark.environment import Rounds
from benchmark.loading import load_module
from benchmark.noise import Gaussian
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

TASK, DATA = (load_module(ROOT / name) for name in ("tasks/bandit.py", "datasets/planted_demand.py"))
METHODS = {
    name: load_module(ROOT / "baselines" / f"{name}.py")
    for name in ("gdg", "opok", "opol", "explore_then_exploit", "random_prices", "certainty_equivalence")
}
NOISY = Observation(Gaussian(0.01))


@cache
def item_of(products, shocks=0):
    return DATA.load(None, products=[products], shocks=shocks, realisations=1)[0]


def posed(item, rounds, observation=NOISY):
    own = TASK.pose(item, observation, np.random.default_rng(0), rounds=rounds)
    return own, problem_of(own.given, observation, item.rank, play=Rounds(TASK.respond, own.withheld, observation).play)


@cache
def played(name, products, rounds=4000, shocks=0, **params):
    """Return the regret, its slope where there is one, and the prices of a method on planted demands."""
    own, problem = posed(item_of(products, shocks), rounds)
    prices = METHODS[name].solve(problem, seed=0, device="cpu", **params).signal
    return {key: measure(prices) for key, measure in TASK.measures(problem, own.withheld).items()}, prices


@pytest.mark.parametrize("name", ["gdg", "opok", "opol"])
def test_regret_of_gradient_methods_grows_by_a_power_below_one_that_random_prices_have(name):
    assert 0.4 < played(name, 10)[0]["regret_slope"] < 0.85
    assert played("random_prices", 10)[0]["regret_slope"] == pytest.approx(1, abs=0.03)
    assert played(name, 10)[0]["regret"] < 75 < 100 < played("random_prices", 10)[0]["regret"]


@pytest.mark.parametrize(("products", "rounds"), [(100, 2000), (300, 1000)])
def test_regret_of_told_features_does_not_depend_on_how_many_products_there_are(products, rounds):
    alone = played("opok", 10, rounds)[0]["regret"]
    assert played("opok", products, rounds)[0]["regret"] == pytest.approx(alone, rel=0.15)
    assert played("gdg", products, rounds)[0]["regret"] > 1.2 * alone


def test_with_all_features_told_one_method_is_the_other():
    item = item_of(10)
    whole = Item(item.name, item.signal, rank=10, signed=True, extras={"features": np.eye(10)})
    prices = [METHODS[name].solve(posed(whole, 30)[1], seed=4, device="cpu").signal for name in ("gdg", "opok")]
    np.testing.assert_allclose(prices[0], prices[1])
    assert np.abs(prices[0]).min() > 0


def test_told_features_hold_all_prices():
    prices, U = played("opok", 100, 2000)[1], item_of(100).extras["features"]
    np.testing.assert_allclose(prices @ U @ U.T, prices, atol=1e-12)


def test_learnt_features_are_those_of_demands_without_noise():
    U = np.linalg.qr(np.random.default_rng(0).standard_normal((12, 2)))[0]
    demand = np.column_stack([U @ [0.3, 0.2], U @ np.array([[0.5, 0.1], [-0.2, 0.4]]) @ U.T])
    item = Item("exact", demand[..., None].astype(np.float32), rank=2, signed=True)
    prices = METHODS["opol"].solve(posed(item, 200, Observation())[1], seed=0, device="cpu").signal
    lengths = np.linalg.norm(prices, axis=1)
    apart = np.linalg.norm(prices - prices @ U @ U.T, axis=1) / lengths
    assert lengths[0] < 0.02 < lengths[1]  # a price before there is a basis
    assert apart[0] > 0.5
    assert np.median(apart[2:]) < 0.02


def test_after_exploring_the_best_price_seen_is_asked_for_good():
    _, problem = posed(item_of(10), 256)
    revenues, play = [], problem.play

    def watched(price):
        demand = play(price)
        revenues.append(price @ demand)
        return demand

    object.__setattr__(problem, "play", watched)
    prices = METHODS["explore_then_exploit"].solve(problem, seed=0, device="cpu").signal
    assert len(np.unique(prices[:64], axis=0)) == 64  # 256^(3/4)
    best = prices[int(np.argmax(revenues[:64]))]
    np.testing.assert_array_equal(prices[64:], np.tile(best, (192, 1)))


def test_least_squares_of_exact_demands_are_exact():
    rng = np.random.default_rng(0)
    c, B = rng.standard_normal(3), rng.standard_normal((3, 3))
    prices = rng.standard_normal((400, 3))
    rows = np.column_stack([np.ones(400), prices, c - prices @ B.T])
    found = METHODS["certainty_equivalence"].fitted(rows.T @ rows, np.eye(3))
    np.testing.assert_allclose(found[0], c, atol=1e-5)
    np.testing.assert_allclose(found[1], B, atol=1e-5)


@pytest.mark.parametrize("params", [{}, {"low_rank": True}], ids=["full", "low rank"])
def test_certainty_equivalence_has_a_tenth_of_the_regret_and_the_slope_of_its_perturbation(params):
    own = played("certainty_equivalence", 10, **params)[0]
    assert 0 < own["regret"] < 0.1 * played("opok", 10)[0]["regret"]
    assert own["regret_slope"] < 0.6  # t^(-1/4) squared, summed up, has the slope 1/2


def test_a_low_rank_helps_where_products_are_many():
    full, low = (played("certainty_equivalence", 100, 600, low_rank=own)[0]["regret"] for own in (False, True))
    assert low < 0.8 * full


def test_a_memory_forgets_what_was_before_a_shock():
    signal = np.stack([np.column_stack([c, 0.5 * np.eye(2)]) for c in ([0.4, 0.0], [-0.1, 0.4])], axis=2)
    item = Item("shock", signal.astype(np.float32), rank=2, signed=True)
    last = {}
    for memory in (None, 50):
        _, problem = posed(item, 1600)
        prices = METHODS["certainty_equivalence"].solve(problem, seed=0, device="cpu", memory=memory).signal
        last[memory] = prices[-200:].mean(axis=0)
    wanted = np.array([-0.1, 0.4])  # c / (2 B)
    assert np.linalg.norm(last[50] - wanted) < 0.05 < 0.1 < np.linalg.norm(last[None] - wanted)


def test_after_shocks_there_is_a_regret_and_no_slope():
    found = played("opok", 10, 600, shocks=2)[0]
    assert set(found) == {"regret"}
    assert 20 < found["regret"] < 120


def test_features_that_are_not_told_are_a_reason_to_leave_out():
    item = item_of(10)
    _, problem = posed(Item(item.name, item.signal, rank=10, signed=True), 20)
    with pytest.raises(Skipped, match="opok needs the features of the products, and this problem tells none"):
        METHODS["opok"].solve(problem, seed=0, device="cpu")


@pytest.mark.parametrize("memory", [0, 0.5, -3, np.nan])
def test_a_memory_of_less_than_a_round_is_refused(memory):
    with pytest.raises(ValueError, match=r"a memory of .* rounds: give 1 or more"):
        METHODS["certainty_equivalence"].solve(posed(item_of(10), 3)[1], seed=0, device="cpu", memory=memory)
