"""Climbs the revenue over the few features that the demands of products depend on, and learns these from demands: OPOL.

As OPOK with the features U (N x d) the left singular vectors of Q (N x d), whose column t mod d is the mean of the
demands in rounds t, t - d, t - 2d ... so far. The first d rounds have random prices.

Mueller, Syrgkanis and Taddy, Low-rank bandit methods for high-dimensional dynamic pricing, Advances in Neural
Information Processing Systems 32 (2019), arXiv 1801.10242.

Our reading where a new U is found: x stands for the same price as before, in the new U. The rank d is told.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.pricing import Shop, ascend, on_sphere, rounds_of
from benchmark.contract import Estimate, Problem

LABEL = "OPOL"
FAMILY = "pricing by gradient"
TASKS = {"bandit"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the prices of all rounds, T x N."""
    rank, products = rank_of("opol", problem), len(problem.observed)
    rng, shop = np.random.default_rng(seed), Shop(problem)
    means = np.zeros((products, rank))

    def learn(number: int, demand: np.ndarray) -> np.ndarray:
        own = number % rank
        means[:, own] += (demand - means[:, own]) / (number // rank + 1)
        return np.linalg.svd(means, full_matrices=False)[0]

    for number in range(min(rank, rounds_of(problem))):
        basis = learn(number, shop.sell(on_sphere(products, rng))[0])
    ascend(problem, rng, shop, basis, learn)
    return shop.estimate
