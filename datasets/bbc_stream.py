"""Articles of the BBC as a stream of rows: 2225 articles, 9635 terms by term and inverse document frequency."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.cubes import thinned
from benchmark.loaders.news import weighted_terms
from benchmark.loaders.signals import normalised

KIND = "matrices"
TITLE = "BBC news, a stream"
LICENCE = "for non-commercial and research purposes"
CITATION = (
    "Greene, Cunningham: Practical Solutions to the Problem of Diagonal Dominance in Kernel Document Clustering. "
    "International Conference on Machine Learning, 2006"
)
STANDS_IN_FOR = None
REGISTRY = "bbc_news"


def load(folder: Path, *, budgets: Sequence[int] = (40,), every: int = 1) -> list[Item]:
    """Return the weights of the terms of `every`-th article (2225 x 9635 of all), once for each of `budgets`."""
    articles = normalised(TITLE, thinned(weighted_terms(folder), every, axis=0))
    return [Item(f"l{budget}", articles, budget=budget) for budget in budgets]
