"""News of the BBC of 2004 and 2005: 2225 articles on business, entertainment, politics, sport and technology."""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.news import classes, weighted_terms
from benchmark.loaders.signals import normalised

KIND = "samples"
TITLE = "BBC news"
LICENCE = "for non-commercial and research purposes"
CITATION = (
    "Greene, Cunningham: Practical Solutions to the Problem of Diagonal Dominance in Kernel Document Clustering. "
    "International Conference on Machine Learning, 2006"
)
STANDS_IN_FOR = "the news of the NeurIPS 2019 paper on metric learning, 20 Newsgroups, Reuters and others"


def load(folder: Path) -> list[Item]:
    """Return the weights of the terms of the articles (2225 x 9635), with labels 0 to 4."""
    articles = normalised(TITLE, weighted_terms(folder))
    return [Item("bbc_news", articles, extras={"labels": classes(folder)})]
