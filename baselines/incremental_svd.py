"""Keeps a few rows B of a stream, along the singular vectors of B and each block that enters: incremental SVD.

As Frequent Directions without any lowering of singular values, so that there is no bound: a direction whose rows come
late, each small, is dropped again and again. `solver` "scikit-learn" is incremental principal component analysis, one
row of which is spent on the mean: B^T B holds the mean's part and that of the components.

Levy and Lindenbaum, Sequential Karhunen-Loeve basis extraction and its application to images, IEEE Transactions on
Image Processing 9 (2000), DOI 10.1109/83.855432; Ross, Lim, Lin and Yang, Incremental learning for robust visual
tracking, International Journal of Computer Vision 77 (2008), DOI 10.1007/s11263-007-0075-7, for the mean; in the
implementation of scikit-learn.
"""

from typing import Literal

import numpy as np
from sklearn.decomposition import IncrementalPCA

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.sketching import answer_of, rows_of, size_of, sketch, truncated
from benchmark.contract import Estimate, Problem

LABEL = "Incremental SVD"
FAMILY = "truncated SVD"
TASKS = {"sketch"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, solver: Literal["plain", "scikit-learn"] = "plain") -> Estimate:
    """Return the sketch; kept at a time are its rows and those of a block of as many."""
    check_choices(solve, solver=solver)
    size, rows = size_of("incremental_svd", problem), rows_of(problem)
    small = sketch(rows, size, truncated) if solver == "plain" else with_mean(rows, size)
    return answer_of(small, size, 2 * size * rows.shape[1])


def with_mean(rows: np.ndarray, size: int) -> np.ndarray:
    """Return the mean of rows n x d, times sqrt(n), above the principal components times their singular values."""
    found = IncrementalPCA(size - 1, batch_size=size).fit(rows)
    return np.vstack([np.sqrt(len(rows)) * found.mean_, found.singular_values_[:, None] * found.components_])
