"""The rank of a matrix, chosen without the truth: by parallel analysis, or by a share of the energy."""

import numpy as np
import torch

from deeptensor.arguments import check_whole, is_share
from deeptensor.fit import fitting

PERMUTATIONS = 19

Rank = int | float | None


def chosen_rank(rank: Rank, X: np.ndarray, name: str = "rank") -> int:
    """Return the rank that is meant for a matrix X: a number as it is, None and a share by X; else ValueError.

    None stands for `parallel_analysis`. A number between 0 and 1 asks for the fewest singular values whose squares sum
    up to more than that share of all, as scikit-learn's PCA has it.
    """
    if rank is None:
        return parallel_analysis(X)
    if is_share(rank):
        energies = _energies(X)
        held = np.searchsorted(energies.cumsum(), rank * energies.sum(), side="right") + 1
        return int(min(held, len(energies)))
    try:
        check_whole(name, rank)
    except ValueError as error:
        raise ValueError(f"{error}; None and a share of the energy between 0 and 1 are allowed, too") from None
    return int(rank)


def parallel_analysis(X: np.ndarray) -> int:
    """Return how many leading singular values of X (n, p) stand out from those of permuted matrices; at least 1.

    The first counts always. The k-th counts if those before do, and it is larger than the k-th of each of 19 matrices
    whose columns are those of X, each in a random order of its own: a test at the level of 5 %. The orders are drawn
    from a fixed seed, so that the same matrix has the same rank. Components weaker than what the permuted matrices make
    of the stronger ones are missed.

    Source: Horn, A rationale and test for the number of factors in factor analysis, Psychometrika 30 (1965), 179-185;
    by permutations: Buja and Eyuboglu, Remarks on parallel analysis, Multivariate Behavioral Research 27 (1992),
    509-540.
    """
    rng = np.random.default_rng(0)
    energies = _energies(X)
    by_chance = np.max([_energies(rng.permuted(X, axis=0)) for _ in range(PERMUTATIONS)], axis=0)
    # Equal values, as those of constant columns are, differ by rounding errors.
    stands_out = energies > by_chance + 1e-12 * energies.sum()
    stands_out[0] = True
    return int(np.logical_and.accumulate(stands_out).sum())


def _energies(X: np.ndarray) -> np.ndarray:
    """Return the squared singular values, descending."""
    tall = torch.from_numpy(np.ascontiguousarray(X if len(X) >= X.shape[1] else X.T))
    with fitting():  # with the threads of a fit
        return torch.linalg.eigvalsh(tall.T @ tall).flip(0).clamp_min(0).numpy()
