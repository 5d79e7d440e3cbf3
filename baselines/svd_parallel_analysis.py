"""Truncated SVD at the rank by parallel analysis: the components that stand out of the data's own noise are kept.

Y is the observation, a cube unfolded to (height * width) x bands, not centred, so that the first component, always
kept, stands for the mean. With k components kept and subtracted, the next is kept if the largest singular value of the
residual exceeds that of every one of `draws` null matrices. That of noise does so with a chance of about 1 in
`draws` + 1. The null matrices are made of the residual less its column means:

- `null="permutation"` permutes each column on its own, which keeps the column's noise level;
- `null="signflip"` flips the sign of each entry at random, which keeps each entry's noise level.

Horn, A rationale and test for the number of factors in factor analysis, Psychometrika 30 (1965), DOI
10.1007/BF02289447; with the permutation and deflation of Dobriban and Owen, Deterministic parallel analysis, Journal of
the Royal Statistical Society B 81 (2019), DOI 10.1111/rssb.12301; or the signflips of Hong, Sheng and Dobriban,
arXiv 2012.02985.

Departures from the papers: the null's singular value is corrected for the degrees of freedom that the k components
took. Without that the residual exceeds its null ever more once a component of noise is kept, and the rank runs away.

No parameter depends on the noise level or the given rank. The rank found is that of what can be detected. Truncation at
a lower one can have the smaller error, as the weakest components found are mostly noise.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.lowrank import right_singular, truncated_svd, unfold
from benchmark.contract import Estimate, Problem

LABEL = "SVD, rank by parallel analysis"
FAMILY = "truncated SVD"
TASKS = {"denoise"}
DEVICES = {"cpu"}

Draw = Callable[[np.ndarray], np.ndarray]


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    null: Literal["permutation", "signflip"] = "permutation",
    draws: int = 9,
) -> Estimate:
    """Return the factors of the truncated SVD, of shapes H x W x r and B x r. The nulls are drawn with a fixed seed."""
    check_choices(solve, null=null)
    rng = np.random.default_rng(0)
    nulls: dict[str, Draw] = {
        "permutation": lambda matrix: rng.permuted(matrix, axis=0),
        "signflip": lambda matrix: np.where(rng.random(matrix.shape, dtype=np.float32) < 0.5, matrix, -matrix),
    }
    rank = detectable_rank(unfold(problem.observed), nulls[null], draws)
    return Estimate(factors=truncated_svd(problem.observed, rank))


def detectable_rank(matrix: np.ndarray, draw: Draw, draws: int) -> int:
    """Return the number of components of an m x n matrix, at least 1, that exceed all of `draws` null draws."""
    _, right = right_singular(matrix)
    residual = matrix.copy()
    for rank in range(1, min(matrix.shape)):
        last = right[:, rank - 1]
        residual -= np.outer(matrix @ last, last)
        centred = residual - residual.mean(axis=0)
        largest = spectral_norm(residual) / freedom(matrix.shape, rank)
        if any(spectral_norm(draw(centred)) >= largest for _ in range(draws)):
            return rank
    return min(matrix.shape)


def spectral_norm(matrix: np.ndarray) -> float:
    """Return the largest singular value of a matrix."""
    gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    return float(np.sqrt(max(np.linalg.eigvalsh(gram)[-1], 0)))


def freedom(shape: tuple[int, int], rank: int) -> float:
    """Return the ratio of the spectral norm of white noise less `rank` components to that of its null draws.

    The noise left has m - k by n - k degrees of freedom at full strength: (sqrt(m - k) + sqrt(n - k)) sigma. The null
    draws spread the same energy over m x n entries: (sqrt(m) + sqrt(n)) sigma sqrt((1 - k/m) (1 - k/n)).
    """
    full = np.array(shape)
    left = full - rank
    return float(np.sqrt(left).sum() / np.sqrt(full).sum() / np.sqrt(np.prod(left / full)))
