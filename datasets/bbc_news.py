"""News of the BBC of 2004 and 2005: 2225 articles on business, entertainment, politics, sport and technology.

Counts of 9635 terms, stemmed, without those of fewer than three, are weighted by the logarithm of the share of articles
that have the term, which takes all articles into account but none of their classes.
"""

from pathlib import Path

import numpy as np
from scipy.io import mmread
from sklearn.feature_extraction.text import TfidfTransformer

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "samples"
TITLE = "BBC news"
LICENCE = "for non-commercial and research purposes"
CITATION = (
    "Greene, Cunningham: Practical Solutions to the Problem of Diagonal Dominance in Kernel Document Clustering. ICML "
    "2006"
)
STANDS_IN_FOR = "the news of the NeurIPS 2019 paper on metric learning, 20 Newsgroups, Reuters and others"


def load(folder: Path) -> list[Item]:
    """Return the articles (2225 x 9635), labelled 0 to 4; each has norm 1 before all are divided by their maximum."""
    counts = mmread(folder / "bbc.mtx").T
    labels = np.loadtxt(folder / "bbc.classes", comments="%", dtype=int)[:, 1]
    weighted = TfidfTransformer().fit_transform(counts).toarray()
    return [Item("bbc_news", normalised(TITLE, weighted), extras={"labels": labels})]
