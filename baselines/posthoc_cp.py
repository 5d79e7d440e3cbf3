"""Minimises ||W - sum_r a_r o b_r o ...||_F for both matrices of a trained recurrent network, by alternating ones.

Carroll and Chang, Analysis of individual differences in multidimensional scaling via an n-way generalization of
"Eckart-Young" decomposition, Psychometrika 35 (1970), DOI 10.1007/BF02310791, of the tensor of the modes of rows and
columns, as in Tjandra, Sakti and Nakamura (2020), arXiv:1802.10410, who train in the format. Rank: the largest, one for
both, that the budget allows. It starts from singular vectors, and random ones beyond a mode's size. TensorLy's
`parafac`.
"""

import warnings

import numpy as np
from tensorly.decomposition import parafac

from benchmark.algorithms.posthoc import Matrix, answer_of, largest_rank
from benchmark.contract import Estimate, Problem

LABEL = "CP, post hoc"
FAMILY = "tensor decomposition"
TASKS = {"posthoc"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 100) -> Estimate:
    """Return the factors of each matrix after so many sweeps, or fewer where the error no longer falls."""
    matrices, rank = largest_rank(problem, numbers, most)
    return answer_of(
        [factors_of(own, min(rank, most(own)), iterations, seed) for own in matrices], iterations=iterations
    )


def factors_of(matrix: Matrix, rank: int, iterations: int, seed: int) -> dict:
    """Return the factors of the modes of rows and columns of a matrix."""
    tensor = matrix.tensor()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Trying to compute SVD")  # of ranks above a mode's size
        weights, factors = parafac(
            tensor / tensor.std(), rank, iterations, tol=1e-6, random_state=np.random.RandomState(seed)
        )
    factors[0] = factors[0] * weights * tensor.std()
    d = len(matrix.rows)
    named = [("rows", factors[:d]), ("columns", factors[d:])]
    return {f"{name}.{k}": factor for name, own in named for k, factor in enumerate(own)}


def most(matrix: Matrix) -> int:
    """Return the rank that every tensor of a matrix's modes has at most."""
    return matrix.values.size // max(*matrix.rows, *matrix.columns)


def numbers(matrix: Matrix, rank: int) -> int:
    """Return how many numbers the factors of a matrix store."""
    return min(rank, most(matrix)) * sum((*matrix.rows, *matrix.columns))
