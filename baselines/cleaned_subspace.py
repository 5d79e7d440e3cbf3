"""Takes outliers out of all images together by robust PCA, then answers the class that spans the nearest subspace.

The matrix (`pcp`), or the tensor h x N x w (`trpca`), of all training images and all queries is decomposed into one of
low rank and a sparse one, as the methods of these names do it. The low-rank parts of the queries are then classified by
linear regression on those of the training images. So a query's label depends on the other queries, which
no other method here sees.

Candès, Li, Ma and Wright, Robust principal component analysis?, Journal of the ACM 58 (2011), DOI
10.1145/1970392.1970395, who clean faces of one subject; Lu et al. 2020, DOI 10.1109/TPAMI.2019.2891760; Naseem et al.
2010, DOI 10.1109/TPAMI.2010.128.

Departure: it stops at a relative, or for the tensor a largest, residual of 1e-3, a quarter of a grey level.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.robust_pca import pursue_matrix, pursue_tensor
from benchmark.algorithms.subspaces import nearest_subspace
from benchmark.contract import Estimate, Problem

LABEL = "PCP, then nearest subspace"
FAMILY = "robust PCA"
TASKS = {"classify"}
DEVICES = {"cpu"}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    cleaning: Literal["pcp", "trpca"] = "pcp",
    tolerance: float = 1e-3,
    iterations: int = 500,
) -> Estimate:
    """Return the labels of the queries, (q,)."""
    check_choices(solve, cleaning=cleaning)
    training = problem.granted["training"]
    images = np.concatenate([training, problem.observed]).astype(np.float64)
    if cleaning == "pcp":
        rows = images.reshape(len(images), -1)
        tall = rows if len(rows) >= rows.shape[1] else rows.T
        cleaned, done = pursue_matrix(tall, tolerance, iterations)
        cleaned = (cleaned if tall is rows else cleaned.T).reshape(images.shape)
    else:
        low_rank, done = pursue_tensor(images.transpose(2, 1, 0), tolerance, iterations)
        cleaned = low_rank.transpose(2, 1, 0)
    training, queries = np.split(cleaned.reshape(len(images), -1), [len(training)])
    return Estimate(signal=nearest_subspace(training, problem.granted["training_labels"], queries), iterations=done)
