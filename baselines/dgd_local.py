"""Minimises sum_j ||Y_j - U_j V_j^T||_F^2 / 2 over nodes j that average their U_j with those of neighbours: DGD+LOCAL.

In each round, with weights W of the network and one step mu for all,
U_j <- sum_i W_ji U_i - mu (U_j V_j^T - Y_j) V_j and V_j <- V_j - mu (U_j V_j^T - Y_j)^T U_j.
Where Y is of rank r, such a step without a decay leads to one U for all nodes. Where it is not, there is no critical
point: the disagreement costs nothing once U is small and V large, and the nodes drift towards bases of their own.
`ridge` adds ridge (||U_j||_F^2 / J + ||V_j||_F^2) / 2 for each node, which holds the balance of U and V.

Zhu, Li, Yang, Tang and Wakin, Distributed low-rank matrix factorization with exact consensus, Advances in Neural
Information Processing Systems 32 (2019), arXiv 1811.03129.

The step is ours, in units of the inverse spectral norm of Y, and so is the start, independent normal entries of
standard deviation 0.3 in each node, or less: the squared lengths of a column of U_j and one of V_j, times the step,
make 1 together at most, as rounds diverge from about 2 on. The ridge is a remedy of ours. A node sends U_j, n r
numbers, to each neighbour in each round.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.nodes import answer, averaged, blocks_of
from benchmark.contract import Estimate, Problem

LABEL = "DGD+LOCAL"
FAMILY = "distributed factorisation"
TASKS = {"distribute"}
DEVICES = {"cpu"}
STOCHASTIC = True

START, LONGEST = 0.3, 1.0


def solve(
    problem: Problem, *, seed: int, device: str, iterations: int = 2000, step: float = 0.2, ridge: float = 0.0
) -> Estimate:
    """Return the bases U_j, J x n x r, after so many rounds."""
    rank = rank_of("dgd_local", problem)
    blocks, weights = blocks_of(problem)
    rng = np.random.default_rng(seed)
    deviation = min(START, np.sqrt(LONGEST / (step * sum(blocks.shape[1:]))))
    left = deviation * rng.standard_normal((*blocks.shape[:2], rank))
    right = deviation * rng.standard_normal((len(blocks), blocks.shape[2], rank))
    right *= blocks.any(axis=1)[..., None]  # of columns that fill up a block
    left, _ = descent(blocks, weights, left, right, iterations, step, ridge)
    return answer(left, to_each=iterations * left[0].size, iterations=iterations)


def descent(
    blocks: np.ndarray,
    weights: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    iterations: int,
    step: float,
    ridge: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return U, J x n x r, and V, J x m x r, after so many rounds from a start, for blocks J x n x m."""
    for _ in range(iterations):
        residual = left @ right.swapaxes(1, 2) - blocks
        gradient = residual @ right + ridge / len(blocks) * left
        right = right - step * (residual.swapaxes(1, 2) @ left + ridge * right)
        left = averaged(weights, left) - step * gradient
    return left, right
