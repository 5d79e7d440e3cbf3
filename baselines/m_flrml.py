"""Low-rank metric that triplets ask for, from small batches of them: M-FLRML.

A batch has 80 random triplets. With B = L U diag(sigma) = Q diag(s)^(1/2) P^T of its samples, P takes one gradient step
of the loss of `benchmark.algorithms.triplets` along the Stiefel manifold and the nearest orthonormal columns, s is
log(1 + exp(-p_k^T K p_k)), and L_J = Q diag(s)^(1/2) P^T diag(sigma)^-1 U^T. Then L becomes
(1 - 1 / sqrt(J)) L + L_J / sqrt(J), over 20 batches, from uniform numbers.

Liu, Han, Liu and Gu, Fast low-rank metric learning for large-scale and high-dimensional data, NeurIPS 2019,
arXiv 1909.06297.

Our reading, with settings of the authors' script, which does not say how triplets are drawn: here five random ones a
sample. It adds what the loss subtracts from the margin, which marks the wrong samples; here it is subtracted.
"""

import numpy as np
from scipy.linalg import polar

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.triplets import (
    Decomposed,
    constraints,
    draw_triplets,
    gains,
    kernel,
    labelled,
    scales,
    similarities,
)
from benchmark.contract import Estimate, Problem
from benchmark.samples import check_rank

LABEL = "M-FLRML, our reading"
FAMILY = "metric learning"
TASKS = {"metric"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem, *, seed: int, device: str, triplets: int = 5, batch: int = 80, batches: int = 20
) -> Estimate:
    """Return the rows of the map, of shape (rank, *sample shape)."""
    (samples, labels), rng, rank = labelled(problem), np.random.default_rng(seed), rank_of("m_flrml", problem)
    check_rank(rank, min(samples.shape), samples)
    drawn = draw_triplets(labels, triplets, rng)
    L, margin = rng.random((rank, samples.shape[1])), None
    for number in range(1, batches + 1):
        chosen = rng.permutation(len(drawn))[:batch]
        members = members_of(drawn[chosen], rank, len(samples), rng)
        own = samples[members]
        if margin is None:
            margin = float(np.mean(np.sum((own @ L.T) ** 2, axis=1)))
        inside = np.isin(drawn, members).all(axis=1)
        C = constraints(np.searchsorted(members, drawn[inside]), len(members))
        share = 1 / np.sqrt(number)
        L = (1 - share) * L + share * step(L, own, C, margin)
    return Estimate(signal=L.reshape(rank, *problem.observed.shape[1:]), iterations=batches)


def members_of(triplets: np.ndarray, rank: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the samples of triplets, sorted, with random others where they are fewer than the rank and ten."""
    members = np.unique(triplets)
    return np.union1d(members, rng.permutation(n)[: max(rank + 10 - len(members), 0)])


def step(L: np.ndarray, samples: np.ndarray, C, margin: float) -> np.ndarray:
    """Return the metric (d x p) of a batch, from that before it; no more of its rows count than samples have rank."""
    data = Decomposed.of(samples)
    B = (L @ samples.T) @ data.V
    left, values, right = np.linalg.svd(B, full_matrices=False)
    P, s = right.T, values**2
    K = kernel(data.V, C, margin > similarities(L @ samples.T, C))
    gradient = (K + K.T) @ P * s
    P, _ = polar(P - (gradient - P @ (gradient.T @ P)))
    return left @ (np.sqrt(scales(gains(P, K)))[:, None] * (P.T @ data.inverse))
