"""Faces from Labeled Faces in the Wild: 100 faces and 100 non-faces of 25 x 25 pixels, as scikit-image ships them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import skimage.data

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from benchmark.loaders.truncation import at_ranks, truncated_stack

TITLE = "LFW subset"
LICENCE = "not stated by scikit-image, which ships the subset"
CITATION = (
    "Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild: A Database for Studying Face Recognition in "
    "Unconstrained Environments. Technical report 07-49, University of Massachusetts, Amherst, 2007"
)
STANDS_IN_FOR = "the Weizmann faces of the paper's Figure 2 and the Yale B faces of its Figures 10 and 13"

IMAGE = 5

FACES = 100


def load(
    folder: Path,
    *,
    subset: str = "faces",
    images: int | None = None,
    truncated: int | None = None,
    ranks: Sequence[int] = (),
) -> list[Item]:
    """Return the stack of faces (25 x 25 x 100), or for `subset="all"` the samples (200 x 25 x 25) with labels.

    `images` keeps so many of the stack, at equal distances. It can be `truncated` to a CP rank, and come once for each
    of the `ranks` that methods are told. A label is 1 for a face and 0 for a piece of background.
    """
    pictures = skimage.data.lfw_subset()
    if subset == "faces":
        kept = np.linspace(0, FACES - 1, images or FACES).round().astype(int)
        faces = np.moveaxis(pictures[kept], 0, 2)
        if truncated is not None:
            faces = truncated_stack(faces, truncated)
        return at_ranks(Item("lfw_faces", normalised(TITLE, faces)), ranks)
    if subset == "all":
        labels = (np.arange(len(pictures)) < FACES).astype(np.int64)
        return [Item("lfw_all", normalised(TITLE, pictures), labels=labels)]
    raise ValueError(f"unknown subset {subset!r} of {TITLE}; known: faces, all")
