"""Relations between 14 nations: whether each of 56 holds from one to another, such as treaties or protests.

The slices are not symmetric. A task can hide entries of them, for links to be predicted.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.relations import relations_items
from deeptensor.reading import read_array

KIND = "stack"
TITLE = "Nations"
LICENCE = "not stated"
CITATION = (
    "Rummel: Dimensionality of Nations; as in Kemp, Tenenbaum, Griffiths, Yamada, Ueda: Learning Systems of Concepts "
    "with an Infinite Relational Model. AAAI 2006"
)
STANDS_IN_FOR = None


def load(folder: Path, *, rank: int = 8, draws: int = 1) -> list[Item]:
    """Return the relations, 14 x 14 x 56 of 0 and 1, for DEDICOM and CP of a rank, with the extra `links`.

    They come `draws` times, each with other entries that a task hides.
    """
    return relations_items("nations", TITLE, read_array(folder / "dnations.mat", key="R"), rank, draws)
