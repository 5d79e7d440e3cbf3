"""What a decomposition is told of a tensor, and how it answers: the signal, and what its model has beside."""

import numpy as np

from benchmark.contract import Estimate, Factors, Problem, Skipped, compose


def ranks_of(method: str, problem: Problem, *models: str) -> np.ndarray:
    """Return the ranks of a problem whose model is one of `models`; raises Skipped, in the name of the method, else."""
    model = str(problem.granted.get("model", "none"))
    if model not in models:
        raise Skipped(f"{method} needs the ranks of its own model, and this problem tells those of: {model}")
    return problem.granted["ranks"]


def needs_all_entries(method: str, problem: Problem) -> None:
    """Raise Skipped, in the name of the method, where entries are held out."""
    if "mask" in problem.granted:
        raise Skipped(f"{method} needs the whole tensor, and here entries are held out")


def whole_tensor(method: str, problem: Problem, masked: bool = False) -> np.ndarray:
    """Return the observation in double precision, as one array.

    Raises Skipped, in the name of the method, for slices of unequal heights, for held-out entries unless it takes a
    mask (`masked`), and for a tensor of zeros, which has no factors.
    """
    if "heights" in problem.granted:
        raise Skipped(f"{method} needs the slices to be of one height, and here they have heights of their own")
    if not masked:
        needs_all_entries(method, problem)
    if not problem.observed.any():
        raise Skipped(f"{method} needs the tensor not to be zero")
    return np.ascontiguousarray(problem.observed, dtype=np.float64)


def aligned(weights: np.ndarray) -> np.ndarray:
    """Return weights of slices, K x r, with the sign of each row such that rows point the same way.

    A model in which the sign of a slice's weights cancels leaves it open. The way is the leading singular vector, which
    does not depend on these signs.
    """
    leading = np.linalg.eigh(weights.T @ weights)[1][:, -1]
    return weights * np.where(weights @ leading < 0, -1, 1)[:, None]


def decomposed(signal: np.ndarray, **parts: np.ndarray) -> Estimate:
    """Return the answer of a decomposition: the signal and its parts."""
    return Estimate(parts={"signal": signal, **parts})


def from_factors(problem: Problem, estimate: Estimate) -> Estimate:
    """Return an estimate by three factors (n, r) as the task of a problem asks for it: with the factors as parts."""
    if "model" not in problem.granted:
        return estimate
    factors: Factors = estimate.factors
    parts = {"signal": compose(factors)} | dict(zip("ABC", factors, strict=False))
    return Estimate(parts=parts, iterations=estimate.iterations)
