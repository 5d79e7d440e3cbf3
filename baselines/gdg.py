"""Climbs the revenue by its values alone, over the prices of all products: gradient descent without a gradient, GDG.

Each round asks at a random point around the price so far, and moves that towards it in proportion to the revenue (see
`benchmark.algorithms.pricing.ascend`). With T rounds and N products the regret is of the order T^(3/4) N^(1/2).

Flaxman, Kalai and McMahan, Online convex optimization in the bandit setting: gradient descent without a gradient,
Symposium on Discrete Algorithms 2005, arXiv cs/0408007, DOI 10.5555/1070432.1070486; with the steps of Mueller,
Syrgkanis and Taddy, Low-rank bandit methods for high-dimensional dynamic pricing, Advances in Neural Information
Processing Systems 32 (2019), arXiv 1801.10242.
"""

import numpy as np

from benchmark.algorithms.pricing import Shop, ascend
from benchmark.contract import Estimate, Problem

LABEL = "GDG"
FAMILY = "bandit"
TASKS = {"bandit"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the prices of all rounds, T x N."""
    shop = Shop(problem)
    ascend(problem, np.random.default_rng(seed), shop, np.eye(len(problem.observed)))
    return shop.estimate
