"""Directions along which classes are farthest apart for their spread within: linear discriminant analysis.

The covariance within classes is shrunk towards a multiple of the identity, as Ledoit and Wolf (2004, DOI
10.1016/S0047-259X(03)00096-4) say. Samples of more than 100 features are projected onto their leading 100 singular
vectors first. In the implementation of scikit-learn.

Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7 (1936), DOI
10.1111/j.1469-1809.1936.tb02137.x.
"""

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.triplets import labelled, shortened
from benchmark.contract import Estimate, Problem

LABEL = "LDA"
FAMILY = "metric learning"
TASKS = {"metric"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the rows of the map, of shape (d, *sample shape), d the rank or one less than the number of classes."""
    samples, labels = labelled(problem)
    basis = shortened(samples)
    found = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto").fit(samples @ basis.T, labels)
    number = min(rank_of("lda", problem), len(found.classes_) - 1)
    rows = found.scalings_[:, :number].T @ basis
    return Estimate(signal=rows.reshape(number, *problem.observed.shape[1:]))
