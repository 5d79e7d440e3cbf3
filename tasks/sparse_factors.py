"""Non-negative factors of a matrix, of which one is sparse, from random sums of its rows."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from benchmark.checks import check_signal, told_rank
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import Taken, component_match
from benchmark.observation import Observation
from benchmark.operators import SparseProjection

KINDS = {"matrices"}
MEASURES = ["relative_error", "match", "nonzeros"]
FIGURES = set()
FLOOR, CEILING = None, None


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the sums and their operator; withhold the matrix n x m and the extra `W` of the item, its sparse factor.

    Raises ValueError without an operator, for a matrix or a factor that is zero, negative or not finite, and for a
    factor whose columns are not as many as the rank.
    """
    check_signal(item)
    check_nonnegative("the matrix", item.signal, item.name)
    columns, shape = np.asarray(item.extras["W"]), (len(item.signal), told_rank(item, min(item.signal.shape)))
    if columns.shape != shape:
        raise ValueError(f"{item.name}: the extra `W` has the shape {columns.shape}: rows and rank make it {shape}")
    check_nonnegative("the extra `W`", columns, item.name)
    if not np.isfinite(columns).all() or not columns.any(axis=0).all():
        raise ValueError(f"{item.name}: a column of the extra `W` is zero or not finite: give each a direction")
    if observation.operator is None:
        raise ValueError("the task `sparse_factors` needs an operator: give the noise entry one")
    return Posed(observation.draw(item.signal, rng), {"signal": item.signal, "W": columns})


def answer_shape(problem: Problem) -> dict[str, tuple[int, int]]:
    """Ask for W, n x r, and H, m x r, both without negative entries.

    A dense W is an answer, as recoveries are that have no sparse one: its match and its non-zeros tell. A control that
    sees the truth observes the matrix.
    """
    rows, columns = problem.observed.shape if problem.operator is None else problem.operator.shape
    return {"W": (rows, problem.rank), "H": (columns, problem.rank)}


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[Mapping], float]]:
    """Return the relative error of W H^T in percent, how well the columns of W match the true ones, and its non-zeros.

    The match is the mean cosine of columns, one to one. A column that is the same everywhere has sqrt(k / n) at most of
    one of k entries. Raises ValueError for factors with negative entries.
    """
    clean, columns = truth["signal"].astype(np.float64), truth["W"]
    scale = np.linalg.norm(clean)

    def take(answer: Mapping) -> dict[str, float]:
        left, right = answer["W"].astype(np.float64), answer["H"].astype(np.float64)
        check_nonnegative("the factor W", left)
        check_nonnegative("the factor H", right)
        return {
            "relative_error": 100 * float(np.linalg.norm(left @ right.T - clean) / scale),
            "match": component_match([columns], [left]),
            "nonzeros": float(np.count_nonzero(left)),
        }

    taken = Taken(take)
    return {name: partial(taken.of, name) for name in MEASURES}


def check_nonnegative(what: str, values: np.ndarray, item: str = "the answer") -> None:
    """Raise ValueError for negative values, which `what` of an item or an answer has."""
    if negative := np.count_nonzero(values < 0):
        raise ValueError(
            f"{item}: {what} has {negative} negative entries, the least {values.min():g}: it has to be non-negative"
        )


def tiny() -> dict[str, Tiny]:
    """Return 24 sums of 40 rows, of a matrix of rank 2 whose factor has three entries a column."""
    rng = np.random.default_rng(2)
    left = np.zeros((40, 2))
    left[[3, 10, 20], 0], left[[5, 20, 31], 1] = rng.uniform(0.5, 1, (2, 3))
    right = rng.uniform(0, 1, (18, 2)) * (rng.random((18, 2)) < 0.6)
    matrix = left @ right.T
    item = Item("matrix", matrix / matrix.max(), rank=2, extras={"W": left})
    return {"matrix": Tiny(item, Observation(None, SparseProjection(0.6, 3)), "relative_error", 80)}
