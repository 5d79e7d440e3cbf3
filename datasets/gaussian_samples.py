"""Random samples in a subspace, as in the paper's Figure 7: X = C B, the basis B orthonormal.

The coefficients C are independent standard normal numbers, and each sample is divided by its norm. So the samples are
signed, of norm 1, and have the covariance B^T B / rank in expectation; noise is in the same units.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.seeds import seed_for

KIND = "samples"
TITLE = "Gaussian samples"
LICENCE = "made by the suite"
CITATION = "Saragadam, Balestriero, Veeraraghavan, Baraniuk: DeepTensor. arXiv 2204.03145, Section 4"
STANDS_IN_FOR = None


def load(
    folder: Path,
    *,
    numbers: Sequence[int] = (32, 64, 128, 256, 512, 1024),
    realisations: int = 10,
    features: int = 64,
    rank: int = 10,
) -> list[Item]:
    """Return `realisations` of samples (number x features) for each of `numbers`, each with a basis of its own."""
    items = []
    for number in numbers:
        for realisation in range(realisations):
            rng = np.random.default_rng(seed_for(realisation, str(number), str(features), str(rank)))
            basis, _ = np.linalg.qr(rng.standard_normal((features, rank)))
            coefficients = rng.standard_normal((number, rank))
            coefficients /= np.linalg.norm(coefficients, axis=1, keepdims=True)
            samples = (coefficients @ basis.T).astype(np.float32)
            items.append(Item(f"samples-{number}-{realisation}", samples, rank=rank, signed=True))
    return items
