"""Measurements of an image by a few rows of an orthonormal transform of its pixels in random order."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from scipy.fft import dct
from scipy.linalg import hadamard

from deeptensor.operators import Operator


class Scrambled(Operator):
    """The entries `rows` of the transform L P R^T of an image H x W, P being its pixels in the order of `order`.

    `left` (H, H) and `right` (W, W) are orthonormal matrices, `order` is a permutation of the pixels and `rows` are
    different numbers, both of row-major arrays. So the rows of the operator A are orthonormal: A A^T is the identity,
    and A^T A a projection.
    """

    def __init__(self, left: np.ndarray, right: np.ndarray, order: np.ndarray, rows: np.ndarray):
        super().__init__((len(left), len(right)), (len(rows),))
        for name, array in {"left": left, "right": right, "order": order, "rows": rows}.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))

    def _forward(self, X: torch.Tensor) -> torch.Tensor:
        scrambled = X.flatten(start_dim=1)[:, self.order].reshape(X.shape)
        left, right = self.left.to(X.dtype), self.right.to(X.dtype)
        return (left @ scrambled @ right.T).flatten(start_dim=1)[:, self.rows]

    def _adjoint(self, y: torch.Tensor) -> torch.Tensor:
        coefficients = y.new_zeros(len(y), len(self.order)).index_copy_(1, self.rows, y).reshape(len(y), *self.shape)
        left, right = self.left.to(y.dtype), self.right.to(y.dtype)
        scrambled = (left.T @ coefficients @ right).flatten(start_dim=1)
        return torch.empty_like(scrambled).index_copy_(1, self.order, scrambled).reshape(len(y), *self.shape)


def hadamard_matrix(size: int) -> np.ndarray:
    """Return Sylvester's Hadamard matrix (size, size), a power of two, with rows of norm 1, the first one constant."""
    return hadamard(size).astype(float) / np.sqrt(size)


def cosine_matrix(size: int) -> np.ndarray:
    """Return the matrix (size, size) of the orthonormal cosine transform, type II; its first row is constant."""
    return dct(np.eye(size), axis=0, norm="ortho")


def draw_rows(shape: tuple[int, ...], rate: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return a random `order` of the pixels of an image, and `rows`: the mean, then others at random.

    A lower rate has the first of the rows that a higher one has, drawn with the same generator. Raises ValueError for a
    signal that is no grey image, or a rate at which nothing would be measured.
    """
    if len(shape) != 2:
        raise ValueError(f"scrambled measurements are of a grey image, H x W, not of {shape}: give its luminance")
    size = int(np.prod(shape))
    number = round(rate * size)
    if not 1 <= number <= size:
        raise ValueError(f"the rate {rate:g} takes {number} measurements of {size} pixels: it has to take 1 to {size}")
    order = rng.permutation(size)
    rows = np.concatenate([[0], 1 + rng.permutation(size - 1)])[:number]
    return {"order": order, "rows": rows}


def scrambled(
    matrix: Callable[[int], np.ndarray], arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]
) -> Scrambled:
    """Return the operator on images of `shape` by the transform whose matrix of a size `matrix` makes."""
    return Scrambled(*map(matrix, shape), arrays["order"], arrays["rows"])


class Centred(Operator):
    """What an operator measures of images less their mean."""

    def __init__(self, operator: Operator):
        super().__init__(operator.shape, operator.measured)
        self.operator = operator

    def _forward(self, X: torch.Tensor) -> torch.Tensor:
        return self.operator(_less_mean(X))

    def _adjoint(self, y: torch.Tensor) -> torch.Tensor:
        return _less_mean(self.operator.adjoint(y))


def _less_mean(X: torch.Tensor) -> torch.Tensor:
    return X - X.mean((1, 2), keepdim=True)
