"""The misfit between an array Y and the product of factors U_1, ..., U_m of shapes (n_i, r).

The product is the sum over the r columns of the outer products of the factors' columns: U V^T for two of them.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod

import torch

Loss = Callable[[Sequence[torch.Tensor]], torch.Tensor]


def mean_square(Y: torch.Tensor) -> Loss:
    """Return the function of the factors that is the mean of (Y - product)^2, without forming the product.

    ||Y - U V^T||^2 = ||Y||^2 - 2 <Y V, U> + <U^T U, V^T V>. In single precision, cancellation leaves an error of about
    1e-7 of the mean of Y^2 in the value, and none to speak of in the gradient.
    """
    energy = torch.linalg.vector_norm(Y, dtype=torch.float64).square()

    def loss(factors: Sequence[torch.Tensor]) -> torch.Tensor:
        first, *rest = factors
        cross = (Y.reshape(len(first), -1) @ khatri_rao(rest)) * first
        gram = prod(factor.T @ factor for factor in factors)
        return (energy - 2 * cross.sum(dtype=torch.float64) + gram.sum(dtype=torch.float64)) / Y.numel()

    return loss


def mean_absolute(Y: torch.Tensor) -> Loss:
    """Return the function of the factors that is the mean of |Y - product|."""

    def loss(factors: Sequence[torch.Tensor]) -> torch.Tensor:
        first, *rest = factors
        residual = torch.addmm(Y.reshape(len(first), -1), first, khatri_rao(rest).T, beta=-1)
        return torch.linalg.vector_norm(residual, ord=1) / Y.numel()

    return loss


def khatri_rao(factors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the column-wise Kronecker product (prod(n_i), r) of matrices (n_i, r)."""
    rank = factors[0].shape[1]
    return reduce(lambda left, right: (left[:, None] * right[None]).reshape(-1, rank), factors)


LOSSES = {"l1": mean_absolute, "l2": mean_square}
