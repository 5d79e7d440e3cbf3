"""Random non-negative matrices X = W H^T whose factor W is sparse, as compressed factorisation supposes.

Each column of W has the same number of entries, in random places, and half of those of H are zero, at random; all
others are uniform from 0 to 1, a choice of this suite.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from benchmark.seeds import seed_for

KIND = "matrices"
TITLE = "Planted sparse factors"
LICENCE = "made by the suite"
CITATION = (
    "Sharan, Tai, Bailis, Valiant: Compressed Factorization: Fast and Accurate Low-Rank Factorization of "
    "Compressively-Sensed Data. International Conference on Machine Learning, 2019"
)
STANDS_IN_FOR = None


def load(
    folder: Path, *, rows: int = 1000, columns: int = 200, rank: int = 10, entries: int = 20, realisations: int = 3
) -> list[Item]:
    """Return `realisations` matrices rows x columns, whose extra `W` (rows x rank) has so many `entries` a column."""
    items = []
    for realisation in range(realisations):
        rng = np.random.default_rng(seed_for(realisation, "sparse", str(rows), str(rank)))
        left = np.zeros((rows, rank))
        for column in left.T:
            column[rng.choice(rows, entries, replace=False)] = rng.random(entries)
        right = rng.random((columns, rank)) * (rng.random((columns, rank)) < 0.5)
        items.append(Item(f"planted-{realisation}", normalised(TITLE, left @ right.T), rank=rank, extras={"W": left}))
    return items
