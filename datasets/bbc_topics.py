"""Terms of articles of the BBC, and as the true factor the topics that NMF finds in the matrix itself.

The matrix is not of low rank, and a topic has about half of all terms, most of them with little weight.
"""

from pathlib import Path

from scipy import sparse
from sklearn.decomposition import NMF

from benchmark.contract import Item
from benchmark.loaders.cubes import thinned
from benchmark.loaders.news import weighted_terms
from benchmark.loaders.signals import normalised

KIND = "matrices"
TITLE = "BBC news, topics"
LICENCE = "for non-commercial and research purposes"
CITATION = (
    "Greene, Cunningham: Practical Solutions to the Problem of Diagonal Dominance in Kernel Document Clustering. "
    "International Conference on Machine Learning, 2006"
)
STANDS_IN_FOR = None
REGISTRY = "bbc_news"

ITERATIONS = 1000


def load(folder: Path, *, topics: int = 5, every: int = 1) -> list[Item]:
    """Return the weights of the terms (9635 x 2225), or of each second, third, ... article with `every`.

    The extra `W` (9635 x topics) holds the topics.
    """
    terms = normalised(TITLE, thinned(weighted_terms(folder), every, axis=0)).T
    model = NMF(n_components=topics, init="nndsvd", max_iter=ITERATIONS)
    columns = model.fit_transform(sparse.csr_array(terms.astype(float)))
    return [Item("bbc_topics", terms, rank=topics, extras={"W": columns})]
