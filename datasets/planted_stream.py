"""A stream of random rows near a subspace: the synthetic matrices of the papers on Frequent Directions.

A = S D U + N / zeta with independent standard normal entries of S and N, the rows of U orthonormal, and 1, 1 - 1 / k,
..., 1 / k on the diagonal of D for the rank k. That is told here from memory of those papers.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.seeds import seed_for

KIND = "matrices"
TITLE = "Planted stream"
LICENCE = "made by the suite"
CITATION = (
    "Ghashami, Liberty, Phillips, Woodruff: Frequent Directions: Simple and Deterministic Matrix Sketching. SIAM "
    "Journal on Computing 45, 2016, pp. 1762-1792"
)
STANDS_IN_FOR = None


def load(
    folder: Path,
    *,
    number: int = 5000,
    features: int = 300,
    rank: int = 10,
    zeta: float = 10.0,
    budgets: Sequence[int] = (20, 40),
    realisations: int = 3,
) -> list[Item]:
    """Return `realisations` of number x features for each of `budgets`, divided by their largest magnitude."""
    items = []
    for realisation in range(realisations):
        rng = np.random.default_rng(seed_for(realisation, "stream", str(number), str(features), str(rank)))
        signal = rng.standard_normal((number, rank)) * (1 - np.arange(rank) / rank)
        basis, _ = np.linalg.qr(rng.standard_normal((features, rank)))
        rows = signal @ basis.T + rng.standard_normal((number, features)) / zeta
        rows = (rows / np.abs(rows).max()).astype(np.float32)
        items += [Item(f"l{budget}-{realisation}", rows, rank=rank, budget=budget, signed=True) for budget in budgets]
    return items
