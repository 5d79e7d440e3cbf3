"""What a decomposition is told of a tensor, and how it answers: the signal, and what its model has beside."""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import numpy as np

from benchmark.contract import Estimate, Factors, Problem, Skipped, Snapshot, compose
from deeptensor.snapshots import snapshot_iterations


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
    """Return an estimate by three factors (n, r) as the task of a problem asks for it: with the factors as parts.

    So are the iterates of its trace, in single precision.
    """
    if "model" not in problem.granted:
        return estimate
    trace = [
        replace(own, last=_single(own.last), average=None if own.average is None else _single(own.average))
        for own in estimate.trace
    ]
    return Estimate(parts=_parts(estimate.factors), trace=trace, iterations=estimate.iterations)


def watched(iterations: int) -> tuple[list[Snapshot], Callable[[Factors, float], None]]:
    """Return a trace, still empty, and what to call with factors and loss at the start and after each iteration.

    It keeps about thirty of up to so many iterations, spaced as those of DeepTensor's traces, the start and the end.
    """
    milestones, number, started = {0, *snapshot_iterations(iterations).tolist()}, count(), time.perf_counter()
    trace: list[Snapshot] = []

    def watch(factors: Factors, loss: float) -> None:
        if trace and trace[-1].iteration not in milestones:
            trace.pop()
        own = tuple(factor.astype(np.float32) for factor in factors)
        trace.append(Snapshot(next(number), time.perf_counter() - started, float(loss), own))

    return trace, watch


def _parts(factors: Factors) -> dict[str, np.ndarray]:
    return {"signal": compose(factors)} | dict(zip("ABC", factors, strict=False))


def _single(factors: Factors) -> dict[str, np.ndarray]:
    return _parts(tuple(factor.astype(np.float32) for factor in factors))
