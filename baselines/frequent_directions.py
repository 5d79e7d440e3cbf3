"""Projects Y onto the leading right singular vectors of a sketch that sees each of its rows once: Frequent Directions.

X = Y V V^T, where V, B x rank, spans the leading right singular vectors of a sketch of `ratio` times rank rows. Rows of
the observation Y, a cube unfolded to (height * width) x bands, enter it in blocks of its own size, and after each the
squared singular values of the sketch and the block together are lowered by the one that would come last.

With `blocks` it is SpFD: Y is cut into so many blocks, and each enters as a sparse embedding, in which every row of it
is added with a random sign to one of as many rows as the sketch has. So there is one decomposition a block, not one for
as many rows as the sketch has. What comes out spans nearly as good a subspace, but B^T B obeys no bound any more.

Ghashami, Liberty, Phillips and Woodruff, Frequent directions: simple and deterministic matrix sketching, SIAM Journal
on Computing 45 (2016), DOI 10.1137/15M1009718. The paper leaves the size of the sketch open; at twice the rank its
B^T B is at most ||Y - Y_rank||_F^2 / rank off Y^T Y in the spectral norm. Teng and Chu, A fast frequent directions
algorithm for low rank approximation, IEEE Transactions on Pattern Analysis and Machine Intelligence 41 (2019),
DOI 10.1109/TPAMI.2018.2839198, for SpFD.
"""

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import fold, truncated_svd, unfold
from benchmark.algorithms.sketching import embedded_sketch, sketch
from benchmark.contract import Estimate, Problem

LABEL = "Frequent Directions"
FAMILY = "truncated SVD"
TASKS = {"denoise"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, ratio: int = 2, blocks: int | None = None) -> Estimate:
    """Return factors of shapes H x W x rank and B x rank. Raises ValueError for a rank that the sketch cannot have."""
    matrix, rank = unfold(problem.observed), rank_of("frequent_directions", problem)
    rng = np.random.default_rng(seed)
    small = sketch(matrix, ratio * rank) if blocks is None else embedded_sketch(matrix, ratio * rank, blocks, rng)
    _, right = truncated_svd(small, rank)
    return Estimate(factors=fold(matrix @ right, right, problem.observed.shape))
