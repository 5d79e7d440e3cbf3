"""Random linear demands of products with few features: c - B p at prices p, c = U z and B = U V U^T.

As in the simulation that the paper's authors published, in units of prices in a ball of radius 20 and of demands of
1000: U (N x d) is a random orthonormal basis; z has normal entries of mean 0.1 and standard deviation 0.02, whose signs
are dropped; V has normal entries of standard deviation 0.04, and so much is added to its diagonal that the least
eigenvalue of (V + V^T) / 2 is 0.2. Of a realisation z and V are the same for all numbers of products.
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

MEAN, DEVIATION, SCALE, LEAST = 0.1, 0.02, 0.04, 0.2


def load(
    folder: Path, *, products: Sequence[int] = (10, 100), features: int = 10, shocks: int = 0, realisations: int = 5
) -> list[Item]:
    """Return `realisations` for each number of `products`: demands [c B], N x (N + 1) x (shocks + 1).

    After each of the `shocks` z and V are others, and U is the same. U is the extra `features`. Raises ValueError for
    fewer products than features, and for none of them.
    """
    if min(features, realisations, len(products), shocks + 1) < 1 or min(products) < features:
        raise ValueError(
            f"{[*products]} products of {features} features, {shocks} shocks and {realisations} realisations: give 1 "
            "or more features and realisations, and at least as many products as features"
        )
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
    z = np.abs(MEAN + DEVIATION * rng.standard_normal(features))
    V = SCALE * rng.standard_normal((features, features))
    return z, V + (LEAST - np.linalg.eigvalsh((V + V.T) / 2)[0]) * np.eye(features)
