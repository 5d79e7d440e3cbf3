"""Random matrices of low rank, of which few entries are observed with noise: the synthetic test of FaNCL.

X = U V^T with independent standard normal entries of U and V, of which 2 n k log(n) entries in random places are
observed for n x n matrices of rank k, with Gaussian noise of standard deviation 0.1. The published test has as many
again to choose parameters by; here methods hold some of the entries out.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.masks import random_mask
from benchmark.seeds import seed_for

KIND = "matrices"
TITLE = "Planted low-rank matrices"
LICENCE = "made by the suite"
CITATION = (
    "Yao, Kwok, Wang, Liu: Large-Scale Low-Rank Matrix Learning with Nonconvex Regularizers. IEEE Transactions on "
    "Pattern Analysis and Machine Intelligence 41, 2019, pp. 2628-2643"
)
STANDS_IN_FOR = None

NOISE = 0.1


def load(
    folder: Path, *, size: int = 500, rank: int = 5, realisations: int = 5, share: float | None = None
) -> list[Item]:
    """Return `realisations` matrices of size x size and `rank`, divided by their largest magnitude.

    `share` of the entries is observed, by default 2 rank log(size) / size. Errors are told at the scale of U V^T, where
    entries have the variance `rank`.
    """
    share = 2 * rank * np.log(size) / size if share is None else share
    items = []
    for realisation in range(realisations):
        rng = np.random.default_rng(seed_for(realisation, "planted", str(rank), str(size)))
        matrix = rng.standard_normal((size, rank)) @ rng.standard_normal((rank, size))
        unit = np.abs(matrix).max()
        extras = {
            "observed": random_mask((size, size), share, rng),
            "measured": ((matrix + NOISE * rng.standard_normal(matrix.shape)) / unit).astype(np.float32),
            "unit": np.array(unit),
        }
        items.append(Item(f"planted-{realisation}", (matrix / unit).astype(np.float32), signed=True, extras=extras))
    return items
