"""Faces from Labeled Faces in the Wild: a stack of 100 faces of 25 x 25 pixels, as scikit-image ships them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import skimage.data

from benchmark.contract import Item
from benchmark.loaders.cubes import spread
from benchmark.loaders.signals import normalised
from benchmark.loaders.truncation import at_ranks, truncated_stack

KIND = "stack"
TITLE = "LFW subset"
LICENCE = "not stated by scikit-image, which ships the subset"
CITATION = (
    "Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild: A Database for Studying Face Recognition in "
    "Unconstrained Environments. Technical report 07-49, University of Massachusetts, Amherst, 2007"
)
STANDS_IN_FOR = "the Yale B faces of the paper's Figures 10 and 13"
IMAGE = 5

FACES = 100  # of the subset's 200 images; the others are pieces of background


def load(
    folder: Path, *, images: int | None = None, truncated: int | None = None, ranks: Sequence[int] = ()
) -> list[Item]:
    """Return the stack of faces (25 x 25 x 100), or `images` of them at equal distances.

    It can be `truncated` to a CP rank, and come once for each of the `ranks` that methods are told.
    """
    faces = np.moveaxis(skimage.data.lfw_subset()[spread(FACES, images)], 0, 2)
    if truncated is not None:
        faces = truncated_stack(faces, truncated)
    return at_ranks(Item("lfw_faces", normalised(TITLE, faces)), ranks)
