"""Non-negative factors of a matrix, of which one is sparse, from random sums of its rows."""

from collections.abc import Callable, Mapping

import numpy as np

from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import component_match
from benchmark.observation import Observation
from benchmark.operators import SparseProjection

KINDS = {"matrices"}
MEASURES = ["relative_error", "match"]
FIGURES = set()
FLOOR, CEILING = None, None


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the sums and their operator; withhold the matrix n x m and the extra `W` of the item, its sparse factor.

    Raises ValueError without an operator.
    """
    if observation.operator is None:
        raise ValueError("the task `sparse_factors` needs an operator: give the noise entry one")
    return Posed(observation.draw(item.signal, rng), {"signal": item.signal, "W": item.extras["W"]})


def answer_shape(problem: Problem) -> dict[str, tuple[int, int]]:
    """Ask for W, n x r, and H, m x r; a control that sees the truth observes the matrix."""
    rows, columns = problem.observed.shape if problem.operator is None else problem.operator.shape
    return {"W": (rows, problem.rank), "H": (columns, problem.rank)}


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[Mapping], float]]:
    """Return the relative error of W H^T in percent, and how well the columns of W match the true ones."""
    clean, columns = truth["signal"].astype(np.float64), truth["W"]
    scale = np.linalg.norm(clean)
    return {
        "relative_error": lambda answer: 100 * float(np.linalg.norm(answer["W"] @ answer["H"].T - clean) / scale),
        "match": lambda answer: component_match([columns], [answer["W"]]),
    }


def tiny() -> dict[str, Tiny]:
    """Return 24 sums of 40 rows, of a matrix of rank 2 whose factor has three entries a column."""
    rng = np.random.default_rng(2)
    left = np.zeros((40, 2))
    left[[3, 10, 20], 0], left[[5, 20, 31], 1] = rng.uniform(0.5, 1, (2, 3))
    right = rng.uniform(0, 1, (18, 2)) * (rng.random((18, 2)) < 0.6)
    matrix = left @ right.T
    item = Item("matrix", matrix / matrix.max(), rank=2, extras={"W": left})
    return {"matrix": Tiny(item, Observation(None, SparseProjection(0.6, 3)), "relative_error", 80)}
