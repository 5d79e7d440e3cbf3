"""Climbs the revenue over the few features that the demands of products depend on, and learns these from demands: OPOL.

As OPOK with the features U (N x d) the left singular vectors of Q (N x d), whose column t mod d is the mean of the
demands in rounds t, t - d, t - 2d ... so far. The demands at prices of zero are those of round 0; d - 1 rounds follow
at random prices of a tenth of delta, before there is a Q. The rank d is told.

Mueller, Syrgkanis and Taddy, Low-rank bandit methods for high-dimensional dynamic pricing, Advances in Neural
Information Processing Systems 32 (2019), arXiv 1801.10242.

As the authors' program has it, x stays the same when U changes.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.pricing import Shop, ascend, on_sphere, rounds_of, steps_of
from benchmark.contract import Estimate, Problem

LABEL = "OPOL"
FAMILY = "bandit"
TASKS = {"bandit"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the prices of all rounds, T x N."""
    rank, products = rank_of("opol", problem), len(problem.observed)
    rng, shop = np.random.default_rng(seed), Shop(problem)
    jitter = steps_of(problem, rank)[1] / 10
    means, counts = np.zeros((products, rank)), np.zeros(rank)

    def learn(demand: np.ndarray) -> np.ndarray:
        own = int(counts.sum()) % rank
        counts[own] += 1
        means[:, own] += (demand - means[:, own]) / counts[own]
        return np.linalg.svd(means, full_matrices=False)[0]

    basis = learn(problem.observed)
    for _ in range(min(rank - 1, rounds_of(problem))):
        basis = learn(shop.sell(jitter * on_sphere(products, rng))[0])
    ascend(problem, rng, shop, basis, learn)
    return shop.estimate
