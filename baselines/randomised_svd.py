"""Minimises ||Y - A B^T||_F approximately: SVD of the projection onto the range of Y times a random matrix.

Y is the observation, a cube unfolded to (height * width) x bands. The random matrix has `oversampling` columns more
than the rank, and `power_iterations` multiplications by Y Y^T sharpen the range.

Halko, Martinsson and Tropp, Finding structure with randomness: probabilistic algorithms for constructing approximate
matrix decompositions, SIAM Review 53 (2011), DOI 10.1137/090771806; in the implementation of scikit-learn.
"""

from sklearn.utils.extmath import randomized_svd

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import fold, unfold
from benchmark.contract import Estimate, Problem

LABEL = "Randomised SVD"
FAMILY = "truncated SVD"
TASKS = {"denoise"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, oversampling: int = 10, power_iterations: int = 4) -> Estimate:
    """Return factors of shapes H x W x rank and B x rank. Raises ValueError for a rank that Y cannot have."""
    matrix, rank = unfold(problem.observed), rank_of("randomised_svd", problem)
    if not 1 <= rank <= min(matrix.shape):
        raise ValueError(f"rank {rank} of a matrix {matrix.shape}: give 1 to {min(matrix.shape)}")
    left, singular_values, right = randomized_svd(
        matrix, rank, n_oversamples=oversampling, n_iter=power_iterations, random_state=seed
    )
    return Estimate(factors=fold(left * singular_values, right.T, problem.observed.shape))
