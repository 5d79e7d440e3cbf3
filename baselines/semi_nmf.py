"""Minimises ||Y - F G^T||_F^2 over F of any sign and G >= 0 of the given rank: semi-non-negative factorisation.

In turn F = Y G (G^T G)^+, the least-squares fit, and, entry by entry,
G <- G sqrt(([Y^T F]+ + G [F^T F]-) / ([Y^T F]- + G [F^T F]+)), with [A]+ and [A]- the magnitudes of the positive and
the negative entries. No step increases the objective.

Ding, Li and Jordan, Convex and semi-nonnegative matrix factorizations, IEEE Transactions on Pattern Analysis and
Machine Intelligence 32 (2010), DOI 10.1109/TPAMI.2008.277.

`nonnegative` says which factor is G: that of the `pixels`, as in the baseline of DeepTensor's authors, or that of the
`samples`, as in their own semi-NMF. Parameters are those of that baseline: a start drawn between 0 and 1, where the
paper starts from k-means, and 500 iterations, which end sooner where the squared error falls by less than 1e-10 of the
data's sum of squares. Departure from both: entries of G stay above 1e-9, as one that became zero could never leave it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem
from benchmark.samples import as_rows, check_rank

LABEL = "Semi-NMF"
FAMILY = "non-negative factorisation"
TASKS = {"factorise"}
DEVICES = {"cpu"}
STOCHASTIC = True

TOLERANCE = 1e-10
EPSILON = np.finfo(float).eps
# Added to the start and to the denominator, as in the authors' baseline.
SMALL, TINY = 1e-4, 1e-9


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    nonnegative: Literal["pixels", "samples"] = "pixels",
    iterations: int = 500,
) -> Estimate:
    """Return the factors of the samples, n x rank, and of the pixels, (*sample shape, rank)."""
    check_choices(solve, nonnegative=nonnegative)
    rank, samples = rank_of("semi_nmf", problem), as_rows(problem.observed)
    check_rank(rank, samples.size, samples)
    data = samples if nonnegative == "pixels" else samples.T
    least_change = TOLERANCE * np.sum(data**2)
    previous = np.inf
    steps = islice(iterates(data, rank, np.random.default_rng(seed)), iterations)
    for number, (free, positive, error) in enumerate(steps, start=1):  # noqa: B007 the last ones are the answer
        if previous - error <= least_change:
            break
        previous = error
    of_samples, of_pixels = (free, positive) if nonnegative == "pixels" else (positive, free)
    factors = (of_samples, of_pixels.reshape(*problem.observed.shape[1:], rank))
    return Estimate(factors=factors, iterations=number)


def iterates(data: np.ndarray, rank: int, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """Yield F, m x rank, G >= 0, n x rank, and the squared error of F G^T to m x n data, F the best for this G."""
    energy = np.sum(data**2)
    positive = rng.random((data.shape[1], rank)) + SMALL
    while True:
        product = data @ positive
        free = product @ np.linalg.pinv(positive.T @ positive, rcond=rank * EPSILON, hermitian=True)
        yield free, positive, float(energy - np.sum(free * product))
        cross, gram = data.T @ free, free.T @ free
        up = np.maximum(cross, 0) + positive @ np.maximum(-gram, 0)
        down = np.maximum(-cross, 0) + positive @ np.maximum(gram, 0)
        positive = np.maximum(positive * np.sqrt(up / (down + TINY)), TINY)
