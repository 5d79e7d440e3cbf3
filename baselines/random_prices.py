"""Asks random prices in every round, and learns nothing: a bound."""

import numpy as np

from benchmark.algorithms.pricing import Shop, random_price, rounds_of
from benchmark.contract import Estimate, Problem

LABEL = "Random prices"
FAMILY = "control"
TASKS = {"bandit"}
DEVICES = {"cpu"}
CONTROL = STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the prices of all rounds, T x N."""
    rng, shop = np.random.default_rng(seed), Shop(problem)
    for _ in range(rounds_of(problem)):
        shop.sell(random_price(len(problem.observed), rng))
    return shop.estimate
