"""Takes least squares of the demands on the prices so far for the truth, and asks the price that this makes best.

Demands c - B p are fitted by ridge regression. The price is the best one of the fit in a ball that leaves room for a
random perturbation, of length 0.3 (t + 1)^(-1/4) in round t, without which prices would tell no more of B. In the form
of `low_rank` prices and demands are first projected onto the leading left singular vectors of all demands so far, as
many as the rank told; the first 3 rank rounds ask the perturbation alone. A `memory` of m rounds weighs one that lies k
rounds back by (1 - 1 / m)^k, for demands that change.

Keskin and Zeevi, Dynamic pricing with an unknown demand model: asymptotically optimal semi-myopic policies, Operations
Research 62 (2014), DOI 10.1287/opre.2014.1294.

Our reading, the strongest simple opponent that the paper on low-rank bandits leaves out: the decay is of that paper's
policies; the length, the ridge of 0.0001, small beside a single price, and the memory are ours. A fit is made after
each of the first 50 rounds, and then whenever there are a fiftieth more of them.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.pricing import Shop, best_price, in_ball, on_sphere, rounds_of
from benchmark.contract import Estimate, Problem

LABEL = "Certainty equivalence"
FAMILY = "regression"
TASKS = {"bandit"}
DEVICES = {"cpu"}
STOCHASTIC = True

RIDGE, PERTURBATION, OFTEN = 1e-4, 0.3, 50


def solve(problem: Problem, *, seed: int, device: str, low_rank: bool = False, memory: float | None = None) -> Estimate:
    """Return the prices of all rounds, T x N; `memory` is in rounds, 1 or more."""
    if memory is not None and not memory >= 1:
        raise ValueError(f"a memory of {memory:g} rounds: give 1 or more")
    rng, shop, products = np.random.default_rng(seed), Shop(problem), len(problem.observed)
    rank = rank_of("certainty_equivalence", problem) if low_rank else products
    keep = 1.0 if memory is None else 1 - 1 / memory
    # Of a round's x = (1, price, demand), the sum of all x x^T, and those that are not in it yet.
    moments, rows = np.zeros((1 + 2 * products, 1 + 2 * products)), []
    best, span, next_fit = np.zeros(products), np.eye(products), 3 * rank if low_rank else 0
    for number in range(rounds_of(problem)):
        length = PERTURBATION * (number + 1) ** -0.25
        price = in_ball(best, 1 - length) + length * (span @ on_sphere(span.shape[1], rng))
        demand, _ = shop.sell(price)
        rows.append(np.concatenate([[1.0], price, demand]))
        if number >= next_fit:
            new = np.array(rows) * keep ** (np.arange(len(rows))[::-1, None] / 2)
            moments = keep ** len(rows) * moments + new.T @ new
            rows.clear()
            if low_rank:
                span = np.linalg.eigh(moments[1 + products :, 1 + products :])[1][:, -rank:]
            best = span @ best_price(*fitted(moments, span))
            next_fit = number + max(1, number // OFTEN)
    return shop.estimate


def fitted(moments: np.ndarray, span: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return c (k,) and B (k x k) by ridge regression, of the moments of rounds projected onto a basis N x k."""
    products, rank = span.shape
    inputs, outputs = moments[: 1 + products, : 1 + products], moments[: 1 + products, 1 + products :]
    basis = np.zeros((1 + products, 1 + rank))
    basis[0, 0], basis[1:, 1:] = 1, span
    gram = basis.T @ inputs @ basis + RIDGE * np.eye(1 + rank)
    weights = np.linalg.solve(gram, basis.T @ outputs @ span)
    return weights[0], -weights[1:].T
