"""What methods share whose nodes hold blocks of columns of a matrix: blocks, rounds of averaging, and the answer."""

import numpy as np

from benchmark.contract import Estimate, Problem
from benchmark.loaders.graphs import shares


def blocks_of(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return the blocks (J, n, m) of the nodes, filled up with columns of zeros, and the weights (J, J).

    They are divided by the spectral norm of the whole matrix, so that steps have no unit.
    """
    weights, matrix = problem.granted["weights"], problem.observed.astype(np.float64)
    parts = shares(matrix.shape[1], len(weights))
    blocks = np.zeros((len(weights), len(matrix), max(part.stop - part.start for part in parts)))
    for block, part in zip(blocks, parts, strict=True):
        block[:, : part.stop - part.start] = matrix[:, part]
    return blocks / np.linalg.norm(matrix, 2), weights


def averaged(weights: np.ndarray, values: np.ndarray, rounds: int = 1) -> np.ndarray:
    """Return values (J, ...) after rounds in which each node takes the weighted mean of its neighbours' and its own."""
    flat = values.reshape(len(values), -1)
    for _ in range(rounds):
        flat = weights @ flat
    return flat.reshape(values.shape)


def agreed(basis: np.ndarray, nodes: int, to_one: int) -> Estimate:
    """Return the answer of nodes that have one basis n x r, for which each sent `to_one` numbers to another node."""
    return answer(np.repeat(basis[None], nodes, axis=0), to_one=to_one)


def answer(bases: np.ndarray, *, to_each: int = 0, to_one: int = 0, iterations: int | None = None) -> Estimate:
    """Return bases (J, n, r), and how many numbers a node sent to each neighbour, and to a single other node."""
    parts = {"bases": bases, "to_each": np.array(float(to_each)), "to_one": np.array(float(to_one))}
    return Estimate(parts=parts, iterations=iterations)
