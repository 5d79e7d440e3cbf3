"""Relations between 14 nations: whether each of 56 holds from one to another, such as treaties or protests.

The slices are not symmetric. A task can hide entries of them, for links to be predicted.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from deeptensor.reading import read_array

KIND = "stack"
TITLE = "Nations"
LICENCE = "not stated"
CITATION = (
    "Rummel: Dimensionality of Nations; as in Kemp, Tenenbaum, Griffiths, Yamada, Ueda: Learning Systems of Concepts "
    "with an Infinite Relational Model. AAAI 2006"
)
STANDS_IN_FOR = None


def load(folder: Path, *, rank: int = 8) -> list[Item]:
    """Return the relations, 14 x 14 x 56 of 0 and 1, for DEDICOM and CP of a rank, with the extra `links`."""
    relations = read_array(folder / "dnations.mat", key="R")
    extras = {"model": np.array("dedicom"), "ranks": np.array([rank]), "links": np.array(True)}
    extras["multilinear"] = np.array([rank, rank, min(rank * (rank + 1) // 2, relations.shape[2])])
    return [Item("nations", normalised(TITLE, relations), rank=rank, extras=extras)]
