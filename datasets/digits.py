"""Handwritten digits: 1797 images of 8 x 8 pixels in ten classes, as scikit-learn ships them."""

from pathlib import Path

from sklearn.datasets import load_digits

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "samples"
TITLE = "Handwritten digits"
LICENCE = "not stated by scikit-learn, which ships a copy of the test set of the UCI repository"
CITATION = (
    "Kaynak: Methods of Combining Multiple Classifiers and Their Applications to Handwritten Digit Recognition. MSc "
    "thesis, Bogazici University, 1995; set of July 1998 in the UCI Machine Learning Repository"
)
STANDS_IN_FOR = "the Weizmann faces of the paper's Figure 2 and the MNIST images of its Table 2"


def load(folder: Path, *, labelled: bool = True) -> list[Item]:
    """Return the digits as samples (1797 x 8 x 8), grey levels 0 to 16 divided by 16, labelled 0 to 9 if `labelled`."""
    digits = load_digits()
    return [Item("digits", normalised(TITLE, digits.images), extras={"labels": digits.target} if labelled else {})]
