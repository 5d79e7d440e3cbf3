"""The articles of the BBC of 2004 and 2005, whose terms are weighted without a look at the articles' classes."""

from pathlib import Path

import numpy as np
import scipy.io
from sklearn.feature_extraction.text import TfidfTransformer


def weighted_terms(folder: Path) -> np.ndarray:
    """Return the articles (2225 x 9635), each of norm 1.

    Counts of terms, stemmed, without those of fewer than three, are weighted by the logarithm of the share of articles
    that have the term.
    """
    return TfidfTransformer().fit_transform(scipy.io.mmread(folder / "bbc.mtx").T.tocsr()).toarray()


def classes(folder: Path) -> np.ndarray:
    """Return the class of each article, 0 to 4."""
    return np.loadtxt(folder / "bbc.classes", comments="%", dtype=int)[:, 1]
