"""Relations between things of one kind, as an item: slices of 0 and 1 that are not symmetric."""

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import normalised


def relations_items(name: str, title: str, relations: np.ndarray, rank: int, draws: int) -> list[Item]:
    """Return relations I x I x K for DEDICOM and CP of a rank, with the extra `links`: entries may be hidden.

    It comes `draws` times, numbered if more than once: what a task hides is drawn by the name.
    """
    extras = {"model": np.array("dedicom"), "ranks": np.array([rank]), "links": np.array(True)}
    extras["multilinear"] = np.array([rank, rank, min(rank * (rank + 1) // 2, relations.shape[2])])
    names = [name] if draws == 1 else [f"{name}-{number}" for number in range(draws)]
    return [Item(own, normalised(title, relations), rank=rank, extras=extras) for own in names]
