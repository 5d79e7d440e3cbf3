"""Random measurements of each column of a matrix by a map of its own, and what methods need that undo them."""

import numpy as np
import torch

from benchmark.contract import Problem
from deeptensor.operators import Operator


class ColumnSketches(Operator):
    """Measurements y_i = Phi_i x_i (m, L) of the columns of a matrix (n, m); `maps` are the Phi_i (m, L, n)."""

    def __init__(self, maps: np.ndarray):
        columns, numbers, rows = maps.shape
        super().__init__((rows, columns), (columns, numbers))
        self.register_buffer("maps", torch.from_numpy(maps))

    def _forward(self, X: torch.Tensor) -> torch.Tensor:
        return torch.einsum("mln,bnm->bml", self.maps.to(X.dtype), X)

    def _adjoint(self, y: torch.Tensor) -> torch.Tensor:
        return torch.einsum("mln,bml->bnm", self.maps.to(y.dtype), y)


def gaussian_maps(rows: int, columns: int, numbers: int, rng: np.random.Generator) -> np.ndarray:
    """Return maps (columns, numbers, rows) with independent normal entries of variance 1 / numbers.

    Fewer numbers are, but for the scale, the first ones of more, drawn with the same generator.
    """
    maps = rng.standard_normal((numbers, columns, rows)) / np.sqrt(numbers)
    return np.ascontiguousarray(maps.swapaxes(0, 1))


def columns_of(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return the maps (m, L, n) and the measurements (m, L) of a problem, in double precision."""
    return problem.operator.maps.numpy(), problem.observed.astype(np.float64)


def measured(maps: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the measurements (m, L) of a matrix (n, m)."""
    return np.matmul(maps, matrix.T[..., None])[..., 0]


def back(maps: np.ndarray, measurements: np.ndarray) -> np.ndarray:
    """Return the adjoint of `measured`, a matrix (n, m)."""
    return np.matmul(measurements[:, None], maps)[:, 0].T
