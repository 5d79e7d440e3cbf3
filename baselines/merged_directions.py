"""Merges sketches of blocks of columns by Frequent Directions: along a chain, each node adds its own.

A node sketches its columns by `ratio` times rank vectors of length n, as many as come from the node before it, shrinks
both together to as many, and sends them on. What the last node has obeys the bound of one sketch of all columns.

Ghashami, Liberty, Phillips and Woodruff, Frequent directions: simple and deterministic matrix sketching, SIAM Journal
on Computing 45 (2016), DOI 10.1137/15M1009718, section 3.3 on merging.

The paper leaves the size of the sketch open; twice the rank is ours. A node sends its vectors once, to the next one.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.nodes import agreed, blocks_of
from benchmark.algorithms.sketching import lowered, sketch
from benchmark.contract import Estimate, Problem

LABEL = "Merge of Frequent Directions"
FAMILY = "truncated SVD"
TASKS = {"distribute"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, ratio: int = 2) -> Estimate:
    """Return the same orthonormal basis, n x r, for each node."""
    rank = rank_of("merged_directions", problem)
    blocks, _ = blocks_of(problem)
    size = min(ratio * rank, blocks.shape[1])
    rows = np.empty((0, blocks.shape[1]))
    for block in blocks:
        rows = lowered(np.vstack([rows, sketch(block.T, size)]), size)
    basis = np.linalg.svd(rows, full_matrices=False)[2][:rank].T
    return agreed(basis, len(blocks), to_one=size * blocks.shape[1])
