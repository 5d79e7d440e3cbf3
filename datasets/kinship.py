"""Kinship among 104 Alyawarra: which of 26 terms each uses for another.

The slices are not symmetric. A task can hide entries of them, for links to be predicted.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.relations import relations_items
from deeptensor.reading import read_array

KIND = "stack"
TITLE = "Alyawarra kinship"
LICENCE = "not stated"
CITATION = (
    "Denham: The Detection of Patterns in Alyawara Nonverbal Behavior, 1973; as in Kemp, Tenenbaum, Griffiths, Yamada, "
    "Ueda: Learning Systems of Concepts with an Infinite Relational Model. AAAI 2006"
)
STANDS_IN_FOR = None


def load(folder: Path, *, rank: int = 8, draws: int = 1) -> list[Item]:
    """Return the relations, 104 x 104 x 26 of 0 and 1, for DEDICOM and CP of a rank, with the extra `links`.

    They come `draws` times, each with other entries that a task hides.
    """
    return relations_items("kinship", TITLE, read_array(folder / "alyawarradata.mat", key="Rs"), rank, draws)
