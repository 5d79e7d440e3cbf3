"""Random square matrices of known rank, as in the paper's Figure 6: X = U V, mapped to [0, 1].

The entries of U and V are independent standard normal numbers (`gaussian`), or each column of U and row of V is the
cumulative sum of ten standard normal jumps at random places (`piecewise`), as in the script of the DeepTensor authors.
The mapping subtracts the minimum, so that the rank is one higher than that of U V.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from benchmark.seeds import seed_for

KIND = "matrices"
TITLE = "Random low-rank matrices"
LICENCE = "made by the suite"
CITATION = "Saragadam, Balestriero, Veeraraghavan, Baraniuk: DeepTensor. arXiv 2204.03145, Section 4"
STANDS_IN_FOR = None

JUMPS = 10


def load(
    folder: Path,
    *,
    signal: Literal["gaussian", "piecewise"] = "piecewise",
    ranks: Sequence[int] = (10, 20, 30, 40, 50, 60),
    realisations: int = 10,
    size: int = 64,
    shuffled: bool = False,
) -> list[Item]:
    """Return `realisations` matrices of size x size for each of `ranks`, told to methods as the item's rank.

    With `shuffled`, rows and columns stand in random order: the singular values stay, the smoothness goes.
    """
    items = []
    for rank in ranks:
        for realisation in range(realisations):
            rng = np.random.default_rng(seed_for(realisation, signal, str(rank), str(size)))
            product = factor(signal, size, rank, rng) @ factor(signal, size, rank, rng).T
            if shuffled:
                product = rng.permutation(rng.permutation(product, axis=0), axis=1)
            matrix = normalised(TITLE, product - product.min())
            items.append(Item(f"rank-{rank}-{realisation}", matrix, rank=rank))
    return items


def factor(signal: str, size: int, rank: int, rng: np.random.Generator) -> np.ndarray:
    """Return a factor (size x rank) of the given kind of signal."""
    if signal == "gaussian":
        return rng.standard_normal((size, rank))
    jumps = np.zeros((size, rank))
    # Places are drawn with replacement, and a later jump replaces an earlier one.
    places = rng.integers(size, size=(JUMPS, rank))
    jumps[places, np.arange(rank)] = rng.standard_normal((JUMPS, rank))
    return jumps.cumsum(axis=0)
