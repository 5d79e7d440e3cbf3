"""NMF of the whole matrix, the ceiling: what the factors are worth that nothing was compressed for."""

from benchmark.algorithms.compressed import factors_of, nonnegative_factors
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem

LABEL = "NMF of the whole matrix"
FAMILY = "control"
TASKS = {"sparse_factors"}
DEVICES = {"cpu"}
CONTROL = True
SEES_TRUTH = True


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 1000) -> Estimate:
    """Return W, n x r, and H, m x r."""
    return factors_of(*nonnegative_factors(problem.observed.astype(float), rank_of("whole_nmf", problem), iterations))
