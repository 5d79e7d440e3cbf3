"""Relations between things of one kind, as an item: slices of 0 and 1 that are not symmetric."""

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import normalised


def relations_item(name: str, title: str, relations: np.ndarray, rank: int) -> Item:
    """Return relations I x I x K for DEDICOM and CP of a rank, with the extra `links`: entries may be hidden."""
    extras = {"model": np.array("dedicom"), "ranks": np.array([rank]), "links": np.array(True)}
    extras["multilinear"] = np.array([rank, rank, min(rank * (rank + 1) // 2, relations.shape[2])])
    return Item(name, normalised(title, relations), rank=rank, extras=extras)
