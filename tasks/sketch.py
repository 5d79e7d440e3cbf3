"""A few rows that stand for many: of one matrix, a stream of rows, or learned for matrices like those of a stack.

The size of the sketch is the budget, the rank is that of the approximation that it is to serve.
"""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from benchmark.answers import declared
from benchmark.checks import check_signal, told_rank
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.kinds import Share
from benchmark.metrics import Taken, orthonormal
from benchmark.noise import Gaussian
from benchmark.observation import Observation
from benchmark.tiny import smooth_stack

KINDS = {"matrices", "stack"}
MEASURES = ["excess", "covariance_error", "bound_share", "kept", "nonzeros"]
FIGURES = {"costs"}
FLOOR, CEILING = None, None

# Of the energy of a matrix, what rounding leaves: no more than that is no error.
ROUNDING = 1e-12


def pose(item: Item, observation: Observation, rng: np.random.Generator, *, share: Share = 0.5) -> Posed:
    """Give a matrix A whole; of a stack h x w x N a random `share` of its matrices, and withhold the others.

    An item with the extra `training`, a mark for each matrix, is parted by that. Raises ValueError for matrices that
    are zero, not finite or, as far as they are judged, of the rank or less, for a rank or a budget that is not told or
    does not fit, and where no matrix is given, or none withheld.
    """
    check_signal(item)
    _check_told(item)
    if item.signal.ndim == 2:
        given = observation.draw(item.signal, rng)
        _check_inexact(item, given["observed"][..., None])
        return Posed(given, {"signal": item.signal})
    number = item.signal.shape[2]
    given = np.asarray(item.extras.get("training", rng.permutation(number) < round(share * number)), bool)
    if given.shape != (number,):
        raise ValueError(
            f"{item.name}: the extra 'training' has the shape {given.shape}, and there are {number} matrices"
        )
    if not 0 < given.sum() < number:
        raise ValueError(f"{item.name}: {given.sum()} of {number} matrices are given: leave one at least on both sides")
    _check_some(item.name, item.signal)
    test = observation.draw(item.signal[..., ~given], rng)["observed"]
    _check_inexact(item, test)
    return Posed(observation.draw(item.signal[..., given], rng), {"signal": item.signal[..., given], "test": test})


def _check_some(name: str, matrices: np.ndarray) -> None:
    empty = np.flatnonzero(~matrices.any(axis=(0, 1)))
    if len(empty):
        raise ValueError(f"{name}: matrix {empty[0]} of {matrices.shape[2]} is zero, and has no sketch: leave it out")


def _check_told(item: Item) -> None:
    """Raise ValueError for a rank or a budget that no sketch can have."""
    most = min(item.signal.shape) if item.signal.ndim == 2 else len(item.signal)
    rank = told_rank(item, min(item.signal.shape[:2]) - 1)
    if item.budget is None:
        raise ValueError(
            f"{item.name}: no budget is told, the rows of a sketch: give the data set a `budget` from {rank} to {most}"
        )
    if not rank <= item.budget <= most:
        raise ValueError(f"{item.name}: the budget {item.budget} for the rank {rank}: give {rank} to {most}")


def _check_inexact(item: Item, matrices: np.ndarray) -> None:
    """Raise ValueError for a matrix, of those that sketches are judged by, that is of the rank that is told or less."""
    for number, matrix in enumerate(np.moveaxis(matrices.astype(np.float64), 2, 0)):
        tails = tails_of(matrix)
        if tails[item.rank] <= ROUNDING * tails[0]:
            raise ValueError(
                f"{item.name}: matrix {number} of the {matrices.shape[2]} that sketches are judged by is of the rank "
                f"{item.rank} or less, and its best approximation has no error to exceed: tell a smaller rank"
            )


def answer_shape(problem: Problem) -> dict[str, tuple[int, ...] | None]:
    """Ask for the sketch, and how many numbers were kept at a time to make it: no fewer than it has itself.

    Of a stream of rows n x d it is B, budget x d; of a stack h x w x N it is S, budget x h, and S A a sketch of A.
    """
    rows, columns = problem.observed.shape[:2]
    return {"sketch": (problem.budget, columns if problem.observed.ndim == 2 else rows), "kept": ()}


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[Mapping], float]]:
    """Return the excess error, the numbers kept, and of a stream the error of B^T B, of a stack the non-zeros of S.

    The excess error is that of the best approximation of the rank within the rows of B, or of S A for the withheld
    matrices A, of which it is the mean: 100 (||A - [A V]_k V^T||_F / ||A - A_k||_F - 1).
    """
    kept = {"kept": lambda answer: declared(answer, "kept", least=np.count_nonzero(answer["sketch"]))}
    if problem.observed.ndim == 2:
        matrix = problem.observed.astype(np.float64)
        known = cache(lambda: Known(matrix, problem.rank))
        taken = Taken(lambda answer: known().judged(answer["sketch"].astype(np.float64)))
        return {name: lambda answer, name=name: taken.of(name, answer) for name in MEASURES[:3]} | kept
    withheld = cache(lambda: [Known(own, problem.rank) for own in np.moveaxis(truth["test"].astype(np.float64), 2, 0)])
    return {
        "excess": lambda answer: float(np.mean([own.excess(answer["sketch"] @ own.matrix) for own in withheld()])),
        **kept,
        "nonzeros": lambda answer: float(np.count_nonzero(answer["sketch"])),
    }


def tails_of(matrix: np.ndarray) -> np.ndarray:
    """Return ||A - A_k||_F^2 of a matrix A, n x d, for each k from 0 to below the small side."""
    small = matrix if len(matrix) <= matrix.shape[1] else matrix.T
    return np.cumsum(np.maximum(np.linalg.eigvalsh(small @ small.T), 0))[::-1]


class Known:
    """A matrix A, n x d, for which sketches are judged, by what stays the same under rotations of its columns.

    So it is one of the small side, `triangle`, times `basis`^T (d x the small side), orthonormal.
    """

    def __init__(self, matrix: np.ndarray, rank: int):
        self.matrix, self.rank = matrix, rank
        if len(matrix) > matrix.shape[1]:
            self.basis, self.triangle = np.eye(matrix.shape[1]), np.linalg.qr(matrix, mode="r")
        else:
            self.basis, upper = np.linalg.qr(matrix.T)
            self.triangle = upper.T
        self.tails = tails_of(self.triangle)
        self.energy = self.tails[0]

    def excess(self, rows: np.ndarray) -> float:
        """Return by how many percent the error of the best approximation within the span of rows exceeds the least."""
        found = np.linalg.svd(self.triangle @ (self.basis.T @ orthonormal(rows)), compute_uv=False)[: self.rank]
        # No less than the least, but for rounding.
        return 100 * max(float(np.sqrt(max(self.energy - np.sum(found**2), 0) / self.tails[self.rank]) - 1), 0.0)

    def judged(self, rows: np.ndarray) -> dict[str, float]:
        """Return the measures of a sketch B, m x d.

        ||A^T A - B^T B||_2 is told in percent of ||A||_F^2, and over the bound of Frequent Directions, the least of
        ||A - A_k||_F^2 / (m - k) over k < m.
        """
        # In the basis of A, completed by what rows of B have outside of it, both have few columns.
        within = rows @ self.basis
        outside = np.linalg.qr((rows - within @ self.basis.T).T, mode="r").T
        of_A = np.pad(self.triangle, ((0, 0), (0, len(outside.T))))
        of_B = np.hstack([within, outside])
        error = np.abs(np.linalg.eigvalsh(of_A.T @ of_A - of_B.T @ of_B)).max()
        tails = self.tails[: len(rows)]
        bound = max(np.min(tails / (len(rows) - np.arange(len(tails)))), ROUNDING * self.energy)
        return {
            "excess": self.excess(rows),
            "covariance_error": 100 * float(error / self.energy),
            "bound_share": float(error / bound),
        }


def tiny() -> dict[str, Tiny]:
    """Return a short stream of rows, and a few small matrices, both with 1 % of noise."""
    rng, noisy = np.random.default_rng(5), Observation(Gaussian(0.01))
    stream = rng.standard_normal((90, 3)) @ rng.standard_normal((3, 12))
    stream = Item("stream", stream / np.abs(stream).max(), rank=2, budget=6, signed=True)
    stack = Item("stack", smooth_stack(9, 8, 8), rank=1, budget=4)
    return {"stream": Tiny(stream, noisy, "excess", 80), "stack": Tiny(stack, noisy, "excess", 80)}
