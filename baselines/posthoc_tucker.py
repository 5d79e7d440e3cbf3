"""Minimises ||W - G x_1 A_1 x_2 A_2 ...||_F for both matrices of a trained recurrent network, by orthogonal iteration.

De Lathauwer, De Moor and Vandewalle, On the best rank-1 and rank-(R1, ..., RN) approximation of higher-order tensors,
SIAM Journal on Matrix Analysis and Applications 21 (2000), DOI 10.1137/S0895479898346995, of the tensor of the modes of
rows and columns, as in Tjandra, Sakti and Nakamura (2020), arXiv:1802.10410, who train in the format. Each matrix may
store its share of the budget: from one in each mode, the rank of the mode with the largest next singular value rises by
one, for as long as some fits. TensorLy's `tucker`.
"""

from math import prod

import numpy as np
from tensorly.base import unfold
from tensorly.decomposition import tucker

from benchmark.algorithms.posthoc import Matrix, answer_of, matrices_of
from benchmark.contract import Estimate, Problem, Skipped

LABEL = "Tucker, post hoc"
FAMILY = "tensor decomposition"
TASKS = {"posthoc"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 100) -> Estimate:
    """Return the core and the factors of each matrix after so many sweeps, or fewer where the error no longer falls."""
    share = problem.budget / problem.observed.size
    parts = [factors_of(own, int(share * own.values.size), iterations) for own in matrices_of(problem)]
    return answer_of(parts, iterations=iterations)


def factors_of(matrix: Matrix, budget: int, iterations: int) -> dict:
    """Return the core and the factors of the modes of rows and columns of a matrix."""
    core, factors = tucker(matrix.tensor(), ranks_of(matrix.tensor(), budget), n_iter_max=iterations)
    d = len(matrix.rows)
    named = [("rows", factors[:d]), ("columns", factors[d:])]
    return {"core": core} | {f"{name}.{k}": np.array(factor) for name, own in named for k, factor in enumerate(own)}


def ranks_of(tensor: np.ndarray, budget: int) -> list[int]:
    """Return the rank of each mode; raise Skipped where ranks of one store more than the budget."""
    values = [np.linalg.svd(unfold(tensor, mode), compute_uv=False) for mode in range(tensor.ndim)]
    ranks = [1] * tensor.ndim
    if (least := numbers(tensor, ranks)) > budget:
        raise Skipped(f"the least that it stores are {least} numbers, and the budget is {budget}")
    while True:
        raised = {mode: [rank + (mode == own) for own, rank in enumerate(ranks)] for mode in range(tensor.ndim)}
        fitting = [
            mode for mode, own in raised.items() if own[mode] <= len(values[mode]) and numbers(tensor, own) <= budget
        ]
        if not fitting:
            return ranks
        ranks = raised[max(fitting, key=lambda mode: values[mode][ranks[mode]])]


def numbers(tensor: np.ndarray, ranks: list[int]) -> int:
    """Return how many numbers the core and the factors of a tensor store."""
    return prod(ranks) + sum(rank * size for rank, size in zip(ranks, tensor.shape, strict=True))
