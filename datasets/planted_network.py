"""Random matrices of low rank whose columns the nodes of a network hold: on a ring, and on a random graph.

Y = U V^T with independent normal entries of U and V, rounded to multiples of 1/32, over 32. So its rank is exactly the
planted one in single precision, too; its entries have the variance rank / 1024.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.graphs import random_graph, ring
from benchmark.loaders.planted import exact_product
from benchmark.seeds import seed_for

KIND = "matrices"
TITLE = "Planted matrices on networks"
LICENCE = "made by the suite"
CITATION = (
    "Zhu, Li, Yang, Tang, Wakin: Distributed Low-Rank Matrix Factorization With Exact Consensus. Advances in Neural "
    "Information Processing Systems 32, 2019"
)
STANDS_IN_FOR = None

LINKS = 0.4


def load(
    folder: Path,
    *,
    rows: int = 40,
    columns: int = 96,
    rank: int = 4,
    nodes: int = 8,
    graphs: Sequence[Literal["ring", "random"]] = ("ring", "random"),
    realisations: int = 3,
) -> list[Item]:
    """Return `realisations` matrices rows x columns for each of `graphs`, of so many `nodes`.

    The extra `weights` (nodes x nodes) are those of `benchmark.loaders.graphs`; 0.4 of all links are in a random graph.
    """
    items = []
    for graph in graphs:
        for realisation in range(realisations):
            rng = np.random.default_rng(seed_for(realisation, "network", str(rank)))
            matrix = exact_product(rows, columns, rank, rng)
            weights = ring(nodes) if graph == "ring" else random_graph(nodes, LINKS, rng)
            item = Item(f"{graph}-{realisation}", matrix, rank=rank, signed=True, extras={"weights": weights})
            items.append(item)
    return items
