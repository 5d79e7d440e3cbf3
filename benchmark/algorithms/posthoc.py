"""What methods of the task `posthoc` get, and how they answer: the two matrices of a trained recurrent unit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from benchmark.algorithms.layers import largest
from benchmark.contract import Estimate, Problem

NAMES = ("input", "state")


@dataclass(frozen=True)
class Matrix:
    """A trained matrix (in double precision) and the modes of its rows and columns, row-major."""

    values: np.ndarray
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def pairs(self) -> tuple[int, ...]:
        """The products of the modes of rows and columns, n_k m_k."""
        return tuple(n * m for n, m in zip(self.rows, self.columns, strict=True))

    def tensor(self) -> np.ndarray:
        """Return the tensor n_1 x .. x n_d x m_1 x .. x m_d."""
        return self.values.reshape(*self.rows, *self.columns)


def matrices_of(problem: Problem) -> list[Matrix]:
    """Return the matrix of the unit's input and that of its state."""
    rows, *columns = (tuple(problem.granted[name].tolist()) for name in ("rows", "inputs", "outputs"))
    shapes = [(prod(rows), prod(own)) for own in columns]
    parts = np.split(problem.observed.astype(np.float64) * float(problem.granted["scale"]), [prod(shapes[0])])
    return [Matrix(own.reshape(shape), rows, modes) for own, shape, modes in zip(parts, shapes, columns, strict=True)]


def largest_rank(
    problem: Problem, numbers: Callable[[Matrix, int], int], most: Callable[[Matrix], int]
) -> tuple[list[Matrix], int]:
    """Return the matrices, and the largest rank of both together that stores no more numbers than the budget.

    `numbers` of a matrix and a rank rises with it up to `most`. Raises Skipped where rank 1 stores more.
    """
    matrices = matrices_of(problem)
    return matrices, largest(
        problem.budget, lambda rank: sum(numbers(own, rank) for own in matrices), max(map(most, matrices))
    )


def product_rank(problem: Problem) -> tuple[list[Matrix], int]:
    """Return the matrices, and the largest rank of two factors, one for both, that the budget allows."""
    return largest_rank(
        problem,
        lambda own, rank: min(rank, *own.values.shape) * sum(own.values.shape),
        lambda own: min(own.values.shape),
    )


def answer_of(parts: Sequence[Mapping[str, np.ndarray]], **facts: object) -> Estimate:
    """Return the arrays of the two matrices, each by the names of its format, as the parts of an answer."""
    named = zip(NAMES, parts, strict=True)
    return Estimate(parts={f"{name}.{key}": own for name, arrays in named for key, own in arrays.items()}, **facts)
