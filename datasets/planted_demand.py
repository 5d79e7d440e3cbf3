"""Random linear demands of products with few features: c - B p of prices p, c = U z and B = U V U^T.

U (N x d) is a random orthonormal basis, z has normal entries of mean 0.15 and standard deviation 0.05, and V = A A^T,
A of standard normal entries, is scaled to a largest eigenvalue of 1. Of a realisation z and V are the same for all
numbers of products. Units are those of prices in a ball of radius 20 and of demands of 200: z of mean 30 and standard
deviation 10, a largest eigenvalue of 10.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.seeds import seed_for

KIND = "stack"
TITLE = "Planted demands"
LICENCE = "made by the suite"
CITATION = (
    "Mueller, Syrgkanis, Taddy: Low-Rank Bandit Methods for High-Dimensional Dynamic Pricing. Advances in Neural "
    "Information Processing Systems 32, 2019"
)
STANDS_IN_FOR = None

MEAN, DEVIATION = 0.15, 0.05


def load(
    folder: Path, *, products: Sequence[int] = (10, 100), features: int = 10, shocks: int = 0, realisations: int = 5
) -> list[Item]:
    """Return `realisations` for each number of `products`: demands [c B], N x (N + 1) x (shocks + 1).

    After each of the `shocks` z and V are others, and U is the same. U is the extra `features`.
    """
    items = []
    for number in products:
        for realisation in range(realisations):
            rng = np.random.default_rng(seed_for(realisation, "demand", str(features)))
            latent = [_demand(features, rng) for _ in range(shocks + 1)]
            own = np.random.default_rng(seed_for(realisation, "products", str(number), str(features)))
            U = np.linalg.qr(own.standard_normal((number, features)))[0]
            signal = np.stack([np.column_stack([U @ z, U @ V @ U.T]) for z, V in latent], axis=2)
            name, extras = f"n{number}-{realisation}", {"features": U}
            items.append(Item(name, signal.astype(np.float32), rank=features, signed=True, extras=extras))
    return items


def _demand(features: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    z = MEAN + DEVIATION * rng.standard_normal(features)
    A = rng.standard_normal((features, features))
    V = A @ A.T
    return z, V / np.linalg.norm(V, 2)
