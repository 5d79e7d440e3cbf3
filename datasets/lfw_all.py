"""Images from Labeled Faces in the Wild, labelled face or not: 200 of 25 x 25 pixels, as scikit-image ships them."""

from pathlib import Path

import numpy as np
import skimage.data

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "samples"
TITLE = "LFW subset"
LICENCE = "not stated by scikit-image, which ships the subset"
CITATION = (
    "Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild: A Database for Studying Face Recognition in "
    "Unconstrained Environments. Technical report 07-49, University of Massachusetts, Amherst, 2007"
)
STANDS_IN_FOR = "the Weizmann faces of the paper's Figure 2"


def load(folder: Path) -> list[Item]:
    """Return the samples (200 x 25 x 25): 100 faces, labelled 1, and 100 pieces of background, labelled 0."""
    pictures = skimage.data.lfw_subset()
    labels = np.repeat([1, 0], 100)
    return [Item("lfw_all", normalised(TITLE, pictures), extras={"labels": labels})]
