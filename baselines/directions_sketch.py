"""Keeps a few rows B of a stream A, shrunk so that no direction is lost: ||A^T A - B^T B||_2 is bounded.

Frequent Directions: rows enter in blocks of as many as B has, and after each the squared singular values of B and the
block together are lowered by that which would come last. With a sketch of l rows the norm above is at most
||A - A_k||_F^2 / (l - k) for any k < l.

With `blocks` it is SpFD: A is cut into so many blocks, and each enters as a sparse embedding of l rows, so that there
is one decomposition a block. It has no such bound. Of a stack the stream are the columns of its matrices.

Ghashami, Liberty, Phillips and Woodruff, Frequent directions: simple and deterministic matrix sketching, SIAM Journal
on Computing 45 (2016), DOI 10.1137/15M1009718. Teng and Chu, A fast frequent directions algorithm for low rank
approximation, IEEE Transactions on Pattern Analysis and Machine Intelligence 41 (2019), DOI 10.1109/TPAMI.2018.2839198,
for SpFD; of its text the abstract alone was read, so that it is our reading.
"""

import numpy as np

from benchmark.algorithms.sketching import answer_of, embedded_sketch, rows_of, size_of, sketch
from benchmark.contract import Estimate, Problem

LABEL = "Frequent Directions"
FAMILY = "deterministic sketch"
TASKS = {"sketch"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, blocks: int | None = None) -> Estimate:
    """Return the sketch; kept at a time are its rows and those of a block, or of the embedding of one."""
    size, rows = size_of("directions_sketch", problem), rows_of(problem)
    rng = np.random.default_rng(seed)
    small = sketch(rows, size) if blocks is None else embedded_sketch(rows, size, blocks, rng)
    return answer_of(small, size, 2 * size * rows.shape[1])
