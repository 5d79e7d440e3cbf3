"""Random matrices of low rank, of each column of which few numbers are measured.

X = U V^T with independent normal entries of U and V, rounded to multiples of 1/32, over 32. So its rank is exactly the
planted one in single precision, too. `flat` ones have columns of one norm: the rows of V are divided by their norms.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.planted import exact_product
from benchmark.seeds import seed_for

KIND = "matrices"
TITLE = "Planted matrices, column by column"
LICENCE = "made by the suite"
CITATION = (
    "Srinivasa, Lee, Junge, Romberg: Decentralized sketching of low rank matrices. Advances in Neural Information "
    "Processing Systems 32, 2019"
)
STANDS_IN_FOR = None


def load(
    folder: Path, *, rows: int = 60, columns: int = 100, rank: int = 2, flat: bool = False, realisations: int = 3
) -> list[Item]:
    """Return `realisations` matrices rows x columns."""
    items = []
    for realisation in range(realisations):
        rng = np.random.default_rng(seed_for(realisation, "columns", str(rank)))
        matrix, left = exact_product(rows, columns, rank, rng)
        if flat:
            right = np.linalg.lstsq(left, matrix, rcond=None)[0]
            matrix = (left @ (right / np.linalg.norm(right, axis=0))).astype(np.float32)
        items.append(Item(f"{'flat' if flat else 'planted'}-{realisation}", matrix, rank=rank, signed=True))
    return items
