"""Finds the directions of the samples that are least Gaussian: independent component analysis by fixed-point iteration.

The n samples, flattened, are projected onto their principal components, whitened, and rotated so that the projections
S = (X - mean) B^T onto the rows of B maximise the negentropy, approximated by the mean of log cosh. B is the answer.

Hyvärinen and Oja, Independent component analysis: algorithms and applications, Neural Networks 13 (2000),
DOI 10.1016/S0893-6080(00)00026-5; in the implementation of scikit-learn.

Parameters are those of the DeepTensor authors' script, which are scikit-learn's defaults, but for the scale of B: the
squares of a column of S sum to 1, as in the authors' version of scikit-learn (`arbitrary-variance`). B is not
orthonormal; its rows span the principal components. A fit that does not converge is usual: the log says so.
"""

import logging

from sklearn.decomposition import FastICA

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.logged import logged_warnings
from benchmark.contract import Estimate, Problem
from benchmark.samples import as_rows, check_rank

LABEL = "FastICA"
FAMILY = "component analysis"
TASKS = {"basis"}
DEVICES = {"cpu"}
STOCHASTIC = True

log = logging.getLogger(__name__)


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 200) -> Estimate:
    """Return B, of shape (rank, *sample shape), in no particular order and with no particular signs."""
    rank, samples = rank_of("fast_ica", problem), as_rows(problem.observed)
    # n samples have n - 1 principal components.
    check_rank(rank, min(len(samples) - 1, samples.shape[1]), samples)
    ica = FastICA(n_components=rank, whiten="arbitrary-variance", max_iter=iterations, random_state=seed)
    with logged_warnings(log):
        ica.fit(samples)
    return Estimate(signal=ica.components_.reshape(rank, *problem.observed.shape[1:]), iterations=ica.n_iter_)
