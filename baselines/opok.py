"""Climbs the revenue over the few features that the demands of products depend on, which are told: OPOK.

Prices are U x with the features U (N x d), and x moves as all prices do in GDG (see
`benchmark.algorithms.pricing.ascend`). The regret, of the order T^(3/4) d^(1/2), does not depend on how many products
there are.

Mueller, Syrgkanis and Taddy, Low-rank bandit methods for high-dimensional dynamic pricing, Advances in Neural
Information Processing Systems 32 (2019), arXiv 1801.10242.
"""

import numpy as np

from benchmark.algorithms.pricing import Shop, ascend
from benchmark.contract import Estimate, Problem, Skipped

LABEL = "OPOK, told the features"
FAMILY = "bandit"
TASKS = {"bandit"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the prices of all rounds, T x N."""
    if "features" not in problem.granted:
        raise Skipped("opok needs the features of the products, and this problem tells none")
    shop = Shop(problem)
    ascend(problem, np.random.default_rng(seed), shop, problem.granted["features"])
    return shop.estimate
