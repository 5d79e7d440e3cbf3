"""Random matrices of low rank, of each column of which few numbers are measured.

X = U V^T with independent normal entries of U and V, rounded to multiples of 1/32, over 32. So its rank is exactly the
planted one in single precision, too. Flat ones have columns of one norm: those of X divided by their norms.
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
    folder: Path, *, rows: int = 60, columns: int = 100, rank: int = 2, realisations: int = 3, flat: int = 3
) -> list[Item]:
    """Return `realisations` matrices rows x columns, and the first `flat` of them made flat."""
    items = []
    for realisation in range(max(realisations, flat)):
        matrix = exact_product(rows, columns, rank, np.random.default_rng(seed_for(realisation, "columns", str(rank))))
        if realisation < realisations:
            items.append(Item(f"planted-{realisation}", matrix, rank=rank, signed=True))
        if realisation < flat:
            equal = matrix / np.linalg.norm(matrix.astype(float), axis=0)
            items.append(Item(f"flat-{realisation}", equal.astype(np.float32), rank=rank, signed=True))
    return items
