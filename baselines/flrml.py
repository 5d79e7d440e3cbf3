"""Low-rank metric that triplets of samples ask for, found on the Stiefel manifold of its directions: FLRML.

The loss of `benchmark.algorithms.triplets` is minimised over P by gradient steps along Cayley curves, with steps of
Barzilai and Borwein and a search that is not monotone; after each of at most 20 steps K is updated to the samples that
lose now. The margin m is the mean squared norm of the samples, after at most ten rounds of s and K in turn. It ends
when the loss changes by less than a thousandth.

Liu, Han, Liu and Gu, Fast low-rank metric learning for large-scale and high-dimensional data, NeurIPS 2019,
arXiv 1909.06297; Wen and Yin, A feasible method for optimization with orthogonality constraints, Mathematical
Programming 142 (2013), DOI 10.1007/s10107-012-0584-1.

Our reading, with settings of the authors' script, which does not say how triplets are drawn: here five random ones a
sample. Its limit of 3000 singular vectors is for more samples than that: of fewer, all of them let the map fit any
labels, so that `most` can be chosen by held-out samples.
"""

import numpy as np
from scipy.sparse import csr_array
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.triplets import (
    Decomposed,
    constraints,
    draw_triplets,
    gains,
    kernel,
    labelled,
    objective,
    scales,
    similarities,
)
from benchmark.contract import Estimate, Problem
from benchmark.samples import check_rank

LABEL = "FLRML, our reading"
FAMILY = "metric learning"
TASKS = {"metric"}
DEVICES = {"cpu"}
STOCHASTIC = True

# The first step and the shortest, the descent that a step must bring and what shortens it, as shares, the weight of
# earlier values in the mean that it must go below, and the change of the loss at the end.
FIRST, SHORTEST, DESCENT, SHORTENING, MEMORY, CHANGE = 1e-3, 1e-10, 1e-4, 0.2, 0.85, 1e-3


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    triplets: int = 5,
    iterations: int = 20,
    most: int | None = 3000,
) -> Estimate:
    """Return the rows of the map, of shape (rank, *sample shape).

    It lies in the span of `most` singular vectors at most. Without a number, held-out samples choose one: a third of
    each class, whose labels the map from the others must tell by the nearest.
    """
    samples, labels, rank = *labelled(problem), rank_of("flrml", problem)
    data = Decomposed.of(samples)
    check_rank(rank, len(data.singular), samples)
    if most is None:
        most = chosen(samples, labels, rank, triplets, iterations, seed)
    rows, steps = fitted(data.leading(most), labels, rank, triplets, iterations, seed)
    return Estimate(signal=rows.reshape(-1, *problem.observed.shape[1:]), iterations=steps)


def chosen(samples: np.ndarray, labels: np.ndarray, rank: int, triplets: int, iterations: int, seed: int) -> int:
    """Return how many singular vectors serve held-out samples best: one, three or ten times the rank, or all."""
    fit, held = train_test_split(np.arange(len(labels)), test_size=1 / 3, stratify=labels, random_state=seed)
    data, scores = Decomposed.of(samples[fit]), {}
    for most in (rank, 3 * rank, 10 * rank, len(samples)):
        rows, _ = fitted(data.leading(most), labels[fit], rank, triplets, iterations, seed)
        judge = KNeighborsClassifier(metric="cosine").fit(samples[fit] @ rows.T, labels[fit])
        scores[most] = judge.score(samples[held] @ rows.T, labels[held])
    return max(scores, key=scores.__getitem__)


def fitted(
    data: Decomposed, labels: np.ndarray, rank: int, triplets: int, iterations: int, seed: int
) -> tuple[np.ndarray, int]:
    """Return the rows of the map (d x p), and the number of steps."""
    rng = np.random.default_rng(seed)
    C = constraints(draw_triplets(labels, triplets, rng), len(labels))
    P, s, losses = learned(data.V, C, rank, rng, iterations)
    return np.sqrt(s)[:, None] * (P.T @ data.inverse), len(losses) - 1


def learned(
    V: np.ndarray, C: csr_array, rank: int, rng: np.random.Generator, iterations: int
) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Return P, r x d, s (d,), and the loss of the triplets at the start and after each step."""
    P = np.zeros((V.shape[1], rank))
    P[:rank] = np.linalg.qr(rng.random((rank, rank)))[0]
    s, margin = warmed_up(P, rng.random(rank) ** 2, V, C)
    reference, weight, length, losses = None, 1.0, FIRST, []
    for iteration in range(iterations + 1):
        deficits = margin - similarities(np.sqrt(s)[:, None] * (V @ P).T, C)
        losing = deficits > 0
        losses.append(float(deficits[losing].sum()))
        if iteration == iterations or (iteration > 2 and abs(losses[-2] - losses[-1]) < CHANGE * losses[-2]):
            break
        K, constant = kernel(V, C, losing), margin * losing.sum()
        value, gradient = objective(P, K)
        value += constant
        if reference is None:
            reference = value
        else:
            total = MEMORY * weight * reference + value
            weight = MEMORY * weight + 1
            reference = total / weight
        direction = tangent(P, gradient)
        ahead, slope = searched(P, gradient, K, reference - constant, length)
        step, turn = ahead - P, tangent(ahead, slope) - direction
        product = abs(np.sum(step * turn))
        wanted = np.sum(step**2) / max(product, 1e-300) if iteration % 2 else product / max(np.sum(turn**2), 1e-300)
        length = float(np.clip(wanted, SHORTEST, 1 / SHORTEST))
        P, s = ahead, scales(gains(ahead, K))
    return P, s, losses


def warmed_up(P: np.ndarray, s: np.ndarray, V: np.ndarray, C: csr_array) -> tuple[np.ndarray, float]:
    """Return s, and the margin: the mean squared norm of the samples, which s and K in turn hardly change any more."""
    projected = (V @ P).T
    for _ in range(10):
        margin = float(s @ np.mean(projected**2, axis=1))
        deficits = margin - similarities(np.sqrt(s)[:, None] * projected, C)
        losing = deficits > 0
        gained = gains(P, kernel(V, C, losing))
        s = scales(gained)
        loss, predicted = deficits[losing].sum(), margin * losing.sum() - s @ gained
        if abs(loss - predicted) < 1e-2 * max(abs(loss), abs(predicted)):
            break
    return s, margin


def searched(
    P: np.ndarray, gradient: np.ndarray, K: np.ndarray, reference: float, length: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the point on the Cayley curve that goes far enough below a reference, and the gradient there."""
    descent = DESCENT * np.sum(tangent(P, gradient) ** 2)
    while True:
        ahead = cayley(P, gradient, length)
        value, slope = objective(ahead, K)
        if value <= reference - length * descent or length <= SHORTEST:
            return ahead, slope
        length *= SHORTENING


def tangent(P: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return G - P G^T P, the gradient along the manifold of orthonormal columns."""
    return gradient - P @ (gradient.T @ P)


def cayley(P: np.ndarray, gradient: np.ndarray, length: float) -> np.ndarray:
    """Return (I + t/2 W)^-1 (I - t/2 W) P with W = G P^T - P G^T, whose columns stay orthonormal, for a step t."""
    left, right = np.hstack([gradient, P]), np.hstack([P, -gradient])
    small = np.eye(left.shape[1]) + 0.5 * length * right.T @ left
    return P - length * left @ np.linalg.solve(small, right.T @ P)
