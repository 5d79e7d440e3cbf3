"""Principal components of the clean samples: the ceiling of every basis of that rank that is learnt from noisy ones.

Pearson, On lines and planes of closest fit to systems of points in space, Philosophical Magazine 2 (1901),
DOI 10.1080/14786440109462720.
"""

from sklearn.decomposition import PCA

from benchmark.contract import Estimate, Problem
from benchmark.samples import as_rows, check_rank

LABEL = "PCA of the clean samples"
TASKS = {"basis"}
DEVICES = {"cpu"}
CONTROL = True
SEES_TRUTH = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the components, of shape (rank, *sample shape), orthonormal, by descending eigenvalue."""
    rank, samples = problem.rank, as_rows(problem.observed)
    check_rank(rank, min(samples.shape), samples)
    components = PCA(n_components=rank, svd_solver="full").fit(samples).components_
    return Estimate(signal=components.reshape(rank, *problem.observed.shape[1:]))
