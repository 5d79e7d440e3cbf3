"""Leading right singular vectors of the samples, which are the subspace nearest to them, without any labels.

With `whole`, all of them: then the cosine of samples as they are tells how alike they are. What a sample has beyond the
span of the training samples has no inner product with any of these, and its own norm does not change their order.

Deerwester, Dumais, Furnas, Landauer and Harshman, Indexing by latent semantic analysis, Journal of the American Society
for Information Science 41 (1990), DOI 10.1002/(SICI)1097-4571(199009)41:6<391::AID-ASI1>3.0.CO;2-9.
"""

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.triplets import Decomposed
from benchmark.contract import Estimate, Problem
from benchmark.samples import as_rows, check_rank

LABEL = "SVD"
FAMILY = "component analysis"
TASKS = {"metric"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, whole: bool = False) -> Estimate:
    """Return the rows of the map, orthonormal, of shape (rank, *sample shape), or as many as the samples have rank."""
    samples = as_rows(problem.observed)
    basis = Decomposed.of(samples).basis
    if not whole:
        rank = rank_of("singular_vectors", problem)
        check_rank(rank, len(basis), samples)
        basis = basis[:rank]
    return Estimate(signal=basis.reshape(-1, *problem.observed.shape[1:]))
