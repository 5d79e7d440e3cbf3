"""Keeps the leading singular values and right singular vectors of all rows: the best sketch, at a price.

B = diag(s) V^T of as many components as it has rows. `algorithm` says how they are found: "svd" by a decomposition of
all rows, which are kept; "gram" by the d x d matrix A^T A, which a stream can be summed up in, and whose eigenvectors
they are, by Lanczos' method where a few of many are wanted; "randomised" by a sketch that is sharpened by passes over
all rows. Of a stack, they are the leading left singular vectors of its matrices side by side.

Eckart and Young, The approximation of one matrix by another of lower rank, Psychometrika 1 (1936),
DOI 10.1007/BF02288367. Halko, Martinsson and Tropp, Finding structure with randomness: probabilistic algorithms for
constructing approximate matrix decompositions, SIAM Review 53 (2011), DOI 10.1137/090771806, in the implementation of
scikit-learn, with one power iteration and ten columns more.
"""

from typing import Literal

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import eigsh
from sklearn.utils.extmath import randomized_svd

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.lowrank import right_singular
from benchmark.algorithms.sketching import answer_of, rows_of, size_of
from benchmark.contract import Estimate, Problem

LABEL = "SVD"
FAMILY = "truncated SVD"
TASKS = {"sketch"}
DEVICES = {"cpu"}
STOCHASTIC = True

OVERSAMPLING = 10
# The share of eigenvectors up to which Lanczos' method is faster.
FEW = 0.02


def solve(
    problem: Problem, *, seed: int, device: str, algorithm: Literal["svd", "gram", "randomised"] = "svd"
) -> Estimate:
    """Return the sketch; kept at a time are all rows, the d x d matrix, or the bases of the range on both sides."""
    check_choices(solve, algorithm=algorithm)
    size, rows = size_of("leading_sketch", problem), rows_of(problem)
    number, features = rows.shape
    if algorithm == "svd":
        singular_values, right = right_singular(rows)
        return answer_of((right * singular_values).T[:size], size, rows.size)
    if algorithm == "gram":
        gram = rows.T @ rows
        if size <= FEW * features:
            squares, right = eigsh(gram, size, v0=np.random.default_rng(seed).standard_normal(features))
        else:
            squares, right = eigh(gram, subset_by_index=(features - size, features - 1), overwrite_a=True)
        return answer_of((right * np.sqrt(np.maximum(squares, 0))).T[::-1], size, features**2)
    _, singular_values, right = randomized_svd(
        rows, size, n_oversamples=OVERSAMPLING, n_iter=1, power_iteration_normalizer="QR", random_state=seed
    )
    return answer_of(singular_values[:, None] * right, size, (number + features) * (size + OVERSAMPLING))
