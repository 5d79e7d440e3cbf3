"""Articles of the BBC as rows of words: 2225 articles, 9635 terms, weighed by term and inverse document frequency."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.io
from sklearn.feature_extraction.text import TfidfTransformer

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "matrices"
TITLE = "BBC news"
LICENCE = "for non-commercial and research purposes"
CITATION = (
    "Greene, Cunningham: Practical Solutions to the Problem of Diagonal Dominance in Kernel Document Clustering. "
    "International Conference on Machine Learning, 2006"
)
STANDS_IN_FOR = None


def load(folder: Path, *, budgets: Sequence[int] = (40,)) -> list[Item]:
    """Return the weights, articles x terms, once for each of `budgets`, with the class of each article as its label."""
    counts = scipy.io.mmread(folder / "bbc.mtx").T.tocsr()
    weights = normalised(TITLE, TfidfTransformer().fit_transform(counts).toarray())
    labels = np.loadtxt(folder / "bbc.classes", comments="%", dtype=int)[:, 1]
    return [Item(f"l{budget}", weights, budget=budget, extras={"labels": labels}) for budget in budgets]
