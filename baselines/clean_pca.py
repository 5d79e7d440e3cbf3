"""Principal components of the clean samples: the ceiling of every basis of that rank that is learnt from noisy ones.

Pearson, On lines and planes of closest fit to systems of points in space, Philosophical Magazine 2 (1901),
DOI 10.1080/14786440109462720.
"""

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.principal import principal_components
from benchmark.contract import Estimate, Problem
from benchmark.samples import as_rows

LABEL = "PCA of the clean samples"
FAMILY = "control"
TASKS = {"basis"}
DEVICES = {"cpu"}
CONTROL = True
SEES_TRUTH = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the components, of shape (rank, *sample shape), orthonormal, by descending eigenvalue."""
    components = principal_components(as_rows(problem.observed), rank_of("clean_pca", problem))
    return Estimate(signal=components.reshape(-1, *problem.observed.shape[1:]))
