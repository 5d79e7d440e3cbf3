"""Learns the entries of a sparse sketch S from matrices like those that it will be applied to.

S, m x n, has one entry in each column, in a random row that stays, as CountSketch has. From -1 or 1 the entries are
trained to lower the mean of ||A - [A V]_k V^T||_F^2 over the matrices A of a stack, V an orthonormal basis of the rows
of S A. That is ||A||_F^2 less the k leading eigenvalues of V^T A^T A V.

`learned` is the share of the rows of S that are learned. The others are a CountSketch's, one more entry in each column:
as its rows stay in the span, S is then never worse than they alone are, whatever the matrix.

Indyk, Vakilian and Yuan, Learning-based low-rank approximations, Advances in Neural Information Processing Systems
2019, arXiv 1910.13984. Our reading, as its settings are not public: Adam, a matrix a step, 600 steps of 0.01; matrices
are divided by their largest singular value.
"""

import numpy as np
import torch

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.sketching import answer_of, matrices_of, size_of, sparse_embedding
from benchmark.contract import Estimate, Problem, Skipped

LABEL = "Learned sketch"
FAMILY = "learned sketch"
TASKS = {"sketch"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    learned: float = 1.0,
    iterations: int = 600,
    learning_rate: float = 0.01,
) -> Estimate:
    """Return S; kept at a time are all matrices. Raises Skipped for a single matrix, ValueError for too few rows."""
    if problem.observed.ndim == 2:
        raise Skipped("learned_sketch needs the matrices of a stack, and this is a single one")
    rank, size = rank_of("learned_sketch", problem), size_of("learned_sketch", problem)
    rng, matrices, own = np.random.default_rng(seed), matrices_of(problem), round(learned * size)
    if own < rank:
        raise ValueError(f"{own} of {size} rows are learned, for the rank {rank}: give a larger share or budget")
    number = matrices.shape[1]
    start = sparse_embedding(number, own, rng).toarray()
    S = start * trained(start, matrices, rank, iterations, learning_rate, rng)
    if own < size:
        S = np.vstack([S, sparse_embedding(number, size - own, rng).toarray()])
    return answer_of(S, size, matrices.size)


def trained(
    start: np.ndarray, matrices: np.ndarray, rank: int, iterations: int, learning_rate: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the factors (n,) that training gives the columns of a sketch `start` (m x n)."""
    kept = torch.from_numpy(start[np.any(start, axis=1)])  # no row that is empty, whose direction is none
    factors = torch.ones(start.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([factors], lr=learning_rate)
    for number in rng.integers(len(matrices), size=iterations):
        optimiser.zero_grad()
        loss(kept * factors, torch.from_numpy(matrices[number]), rank).backward()
        optimiser.step()
    return factors.detach().numpy()


def loss(S: torch.Tensor, A: torch.Tensor, rank: int) -> torch.Tensor:
    """Return ||A - [A V]_k V^T||_F^2 of a sketch m x n for a matrix n x d; S A has the rank m."""
    V, _ = torch.linalg.qr((S @ A).T)
    projected = A @ V
    return (A**2).sum() - torch.linalg.eigvalsh(projected.T @ projected)[-rank:].sum()
