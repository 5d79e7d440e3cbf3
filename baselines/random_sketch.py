"""Keeps a few random combinations of all rows: B = S A, S drawn without a look at A, or at lengths of rows alone.

`kind` says what S is. "count": one entry, -1 or 1, in each column, in a random row, so that S A costs no more than to
read A (CountSketch). "gaussian": independent Gaussian entries of variance 1 over the number of rows. "rows": rows of A
themselves, drawn with probabilities in proportion to their squared lengths and scaled to keep A^T A in expectation; of
a stack by their lengths in the matrices that are given. Of a stack the answer is S itself.

Clarkson and Woodruff, Low-rank approximation and regression in input sparsity time, Journal of the ACM 63 (2017),
DOI 10.1145/3019134. Sarlos, Improved approximation algorithms for large matrices via random projections, FOCS 2006,
DOI 10.1109/FOCS.2006.37. Drineas, Kannan and Mahoney, Fast Monte Carlo algorithms for matrices II, SIAM Journal on
Computing 36 (2006), DOI 10.1137/S0097539704442696.
"""

from typing import Literal

import numpy as np
from scipy import sparse

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.sketching import answer_of, matrices_of, rows_of, size_of, sparse_embedding
from benchmark.contract import Estimate, Problem

LABEL = "CountSketch"
FAMILY = "random sketch"
TASKS = {"sketch"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem, *, seed: int, device: str, kind: Literal["count", "gaussian", "rows"] = "count"
) -> Estimate:
    """Return the sketch; kept at a time are its rows, or of a stack the entries of S that are not zero."""
    check_choices(solve, kind=kind)
    size, rng = size_of("random_sketch", problem), np.random.default_rng(seed)
    if problem.observed.ndim == 2:
        rows = rows_of(problem)
        return answer_of(drawn(kind, size, rows, rng) @ rows, size, size * rows.shape[1])
    beside = np.hstack(matrices_of(problem))
    S = sparse.csr_array(drawn(kind, size, beside, rng)).toarray()
    return answer_of(S, size, np.count_nonzero(S))


def drawn(kind: str, size: int, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray | sparse.csr_array:
    """Return S, size x n, for n rows."""
    if kind == "count":
        return sparse_embedding(len(rows), size, rng)
    if kind == "gaussian":
        return rng.standard_normal((size, len(rows))) / np.sqrt(size)
    shares = np.einsum("ij,ij->i", rows, rows)
    shares /= shares.sum()
    places = rng.choice(len(rows), size, p=shares)
    return sparse.csr_array((1 / np.sqrt(size * shares[places]), (np.arange(size), places)), (size, len(rows)))
