"""Map under which a random neighbour, near ones likelier, has the right class most often: neighbourhood components.

Samples of more than 100 features are projected onto their leading 100 singular vectors first; the map starts from
principal components. In the implementation of scikit-learn, with its 50 iterations of limited-memory BFGS.

Goldberger, Roweis, Hinton and Salakhutdinov, Neighbourhood components analysis, NeurIPS 2004; Suarez,
Garcia and Herrera, A tutorial on distance metric learning, Neurocomputing 425 (2021), arXiv 1812.05944.
"""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import NeighborhoodComponentsAnalysis

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.triplets import labelled, shortened
from benchmark.contract import Estimate, Problem

LABEL = "NCA"
FAMILY = "metric learning"
TASKS = {"metric"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 50) -> Estimate:
    """Return the rows of the map, of shape (rank, *sample shape)."""
    samples, labels = labelled(problem)
    basis, rank = shortened(samples), rank_of("nca", problem)
    method = NeighborhoodComponentsAnalysis(rank, init="pca", max_iter=iterations, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is used as it is after these iterations
        rows = method.fit(samples @ basis.T, labels).components_ @ basis
    return Estimate(signal=rows.reshape(rank, *problem.observed.shape[1:]), iterations=method.n_iter_)
