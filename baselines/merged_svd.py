"""Merges truncated singular value decompositions of blocks of columns: the leading left vectors of all side by side.

Each node sends `ratio` times rank left singular vectors of its block, scaled by their singular values, to one node. The
leading left singular vectors of these columns are those of the whole matrix where no block had more that matters. A
`ratio` of null sends the blocks themselves: the centralised decomposition.

Iwen and Ong, A distributed and incremental SVD algorithm for agglomerative data analysis on large networks, SIAM
Journal on Matrix Analysis and Applications 37 (2016), DOI 10.1137/16M1058467.

The paper truncates to a rank that is given; twice the rank asked for is ours. A node sends n numbers for each vector.
What comes back to the nodes, n r numbers, another one sends.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.nodes import agreed, blocks_of
from benchmark.contract import Estimate, Problem

LABEL = "Merge of local SVDs"
FAMILY = "truncated SVD"
TASKS = {"distribute"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, ratio: int | None = 2) -> Estimate:
    """Return the same orthonormal basis, n x r, for each node."""
    rank = rank_of("merged_svd", problem)
    blocks, _ = blocks_of(problem)
    if ratio is not None:
        left, singular_values, _ = np.linalg.svd(blocks, full_matrices=False)
        blocks = (left * singular_values[:, None])[..., : ratio * rank]
    basis = np.linalg.svd(np.hstack(list(blocks)), full_matrices=False)[0][:, :rank]
    return agreed(basis, len(blocks), to_one=blocks[0].size)
