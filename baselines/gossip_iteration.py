"""Finds the leading left singular vectors by orthogonal iteration whose sums over nodes are made by gossip.

Each node has Q_j, all from one start. In a step it computes Z_j = Y_j Y_j^T Q_j; `rounds` of weighted averaging with
neighbours bring it near the mean over all nodes, whose orthonormal factor is the next Q_j. With so many rounds the
nodes stay as far apart as these leave them. With `tracking`, what is averaged is the last average plus the change of
Z_j: then few rounds lead to one Q.

Kempe and McSherry, A decentralized algorithm for spectral analysis, Journal of Computer and System Sciences 74 (2008),
DOI 10.1016/j.jcss.2007.04.014. Ye and Zhang, DeEPCA: decentralized exact PCA with linear convergence rate, Journal of
Machine Learning Research 22 (2021), arXiv 2102.03990, for the tracking.

The numbers of steps and rounds are ours. Departures: averages are by the network's weights, where the first paper has
random messages and the second one accelerated rounds; all nodes know the start. A node sends n r numbers to each
neighbour in each round of each step.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.nodes import answer, averaged, blocks_of
from benchmark.contract import Estimate, Problem

LABEL = "Gossip orthogonal iteration"
FAMILY = "distributed factorisation"
TASKS = {"distribute"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem, *, seed: int, device: str, iterations: int = 50, rounds: int = 30, tracking: bool = False
) -> Estimate:
    """Return the bases Q_j, J x n x r, after so many steps."""
    rank = rank_of("gossip_iteration", problem)
    blocks, weights = blocks_of(problem)
    start = np.random.default_rng(seed).standard_normal((blocks.shape[1], rank))
    bases = np.repeat(oriented(start[None]), len(blocks), axis=0)
    products = np.zeros_like(bases)
    tracked = np.zeros_like(bases)
    for _ in range(iterations):
        last, products = products, blocks @ (blocks.swapaxes(1, 2) @ bases)
        tracked = averaged(weights, tracked + products - last if tracking else products, rounds)
        bases = oriented(tracked)
    return answer(bases, to_each=iterations * rounds * start.size, iterations=iterations)


def oriented(matrices: np.ndarray) -> np.ndarray:
    """Return orthonormal factors of matrices (J, n, r) whose triangular ones have positive diagonals."""
    orthonormal, triangular = np.linalg.qr(matrices)
    signs = np.where(np.diagonal(triangular, axis1=1, axis2=2) < 0, -1.0, 1.0)
    return orthonormal * signs[:, None]
