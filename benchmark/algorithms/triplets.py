"""Triplets of samples, and the low-rank metric under which the first is more like the second than like the third.

Of unit samples, the columns of X = U diag(sigma) V^T, a metric of d rows is L = diag(s)^(1/2) P^T diag(sigma)^-1 U^T
with orthonormal columns of P, r x d, and s >= 0, so that the samples become Y = diag(s)^(1/2) P^T V^T. Sample i loses
z_i = max(0, m - y_i^T Y c_i), where c_i adds its similar samples and subtracts its dissimilar ones, over one more than
the number of its triplets. Where lambda marks the samples that lose, the sum is m sum(lambda) + sum_k s_k p_k^T K p_k,
K = -V^T C diag(lambda) V, with s_k = log(1 + exp(-p_k^T K p_k)) in place of its minimiser.

Liu, Han, Liu and Gu, Fast low-rank metric learning for large-scale and high-dimensional data, NeurIPS 2019,
arXiv 1909.06297.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from benchmark.algorithms.lowrank import right_singular
from benchmark.contract import Problem
from benchmark.samples import as_rows

# Singular values up to this one are left out.
LEAST = 1e-5
# Features from which on other metrics are learned in the span of as many singular vectors.
MANY = 100


@dataclass(frozen=True)
class Decomposed:
    """Samples (n x p) by their singular values (r,) and V, n x r; `inverse` is diag(sigma)^-1 U^T, r x p."""

    singular: np.ndarray
    V: np.ndarray
    inverse: np.ndarray

    @classmethod
    def of(cls, samples: np.ndarray) -> "Decomposed":
        """Decompose samples (n x p)."""
        singular, V = right_singular(samples.T)
        rank = int(np.sum(singular > LEAST))
        singular, V = singular[:rank], V[:, :rank]
        return cls(singular, V, (V / singular**2).T @ samples)

    def leading(self, number: int) -> "Decomposed":
        """Return the part of the `number` largest singular values."""
        return Decomposed(self.singular[:number], self.V[:, :number], self.inverse[:number])

    @property
    def basis(self) -> np.ndarray:
        """U^T, orthonormal rows, r x p."""
        return self.singular[:, None] * self.inverse


def labelled(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples of a problem of the task `metric` (n x p), and the labels (n,)."""
    return as_rows(problem.observed), problem.granted["labels"]


def shortened(samples: np.ndarray) -> np.ndarray:
    """Return the rows, k x p, that samples (n x p) are projected onto: the leading 100 directions, or all p axes."""
    if samples.shape[1] <= MANY:
        return np.eye(samples.shape[1])
    return Decomposed.of(samples).basis[:MANY]


def draw_triplets(labels: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Return `number` triplets for each sample (n * number x 3): itself, another of its class, and one of no such.

    Samples that are alone in their class have none.
    """
    triplets = []
    for anchor, label in enumerate(labels):
        alike, others = np.flatnonzero(labels == label), np.flatnonzero(labels != label)
        alike = alike[alike != anchor]
        if len(alike) and len(others):
            pairs = rng.choice(alike, number), rng.choice(others, number)
            triplets.append(np.column_stack([np.full(number, anchor), *pairs]))
    return np.concatenate(triplets) if triplets else np.zeros((0, 3), int)


def constraints(triplets: np.ndarray, n: int) -> csr_array:
    """Return C, n x n, whose column i adds the similar samples of i and subtracts the dissimilar ones, weighted."""
    anchors, alike, others = triplets.T
    weights = 1 / (1 + np.bincount(anchors, minlength=n)[anchors])
    values = np.concatenate([weights, -weights])
    return csr_array((values, (np.concatenate([alike, others]), np.concatenate([anchors, anchors]))), shape=(n, n))


def similarities(Y: np.ndarray, C: csr_array) -> np.ndarray:
    """Return y_i^T Y c_i for each column of Y, d x n: how much more i is like what should be like it."""
    return np.sum(Y * (Y @ C), axis=0)


def kernel(V: np.ndarray, C: csr_array, losing: np.ndarray) -> np.ndarray:
    """Return K = -V^T C diag(lambda) V, r x r, of V, n x r, for the samples that `losing` marks."""
    return -(C.T @ V).T @ (losing[:, None] * V)


def gains(P: np.ndarray, K: np.ndarray) -> np.ndarray:
    """Return -p_k^T K p_k for each column of P."""
    return -np.sum(P * (K @ P), axis=0)


def scales(gained: np.ndarray) -> np.ndarray:
    """Return s = log(1 + exp(gain))."""
    return np.logaddexp(0, gained)


def objective(P: np.ndarray, K: np.ndarray) -> tuple[float, np.ndarray]:
    """Return -1/2 sum_k s_k gain_k, which the metric's directions minimise, and its gradient by P."""
    gained = gains(P, K)
    s = scales(gained)
    slopes = s + gained / (1 + np.exp(-gained))
    return -0.5 * float(s @ gained), 0.5 * (K + K.T) @ P * slopes
