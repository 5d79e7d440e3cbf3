"""A matrix of low rank, from a few numbers that were measured of each of its columns."""

from collections.abc import Callable, Mapping

import numpy as np

from benchmark.checks import check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import misfit
from benchmark.observation import Observation
from benchmark.operators import PerColumn

KINDS = {"matrices", "stack"}
MEASURES = ["relative_error", "misfit"]
FIGURES = set()
FLOOR, CEILING = None, None


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the measurements and their operator; withhold the matrix, of a stack H x W x N that of its images, H W x N.

    Raises ValueError without an operator, and for a matrix that is zero or not finite.
    """
    check_signal(item)
    if observation.operator is None:
        raise ValueError("the task `columns` needs an operator: give the noise entry one")
    matrix = item.signal.reshape(-1, item.signal.shape[-1])
    return Posed(observation.draw(matrix, rng), {"signal": matrix})


def answer_shape(problem: Problem) -> tuple[int, ...]:
    """Ask for the matrix."""
    return tuple(problem.operator.shape)


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return the relative error in percent, and the misfit to the measurements."""
    clean, observed = truth["signal"].astype(np.float64), problem.observed.astype(np.float64)
    scale = np.linalg.norm(clean)
    return {
        "relative_error": lambda answer: 100 * float(np.linalg.norm(answer - clean) / scale),
        "misfit": lambda answer: misfit(observed, problem.operator(answer.astype(np.float64))),
    }


def tiny() -> dict[str, Tiny]:
    """Return eight numbers of each column of a smooth matrix of rank 1."""
    rows, columns = np.linspace(0, 1, 16), np.linspace(0, 1, 14)
    matrix = np.outer(np.cos(4 * rows), 1 + columns)
    item = Item("matrix", matrix / np.abs(matrix).max(), rank=1, signed=True)
    return {"matrix": Tiny(item, Observation(None, PerColumn(0.5)), "relative_error", 45)}
