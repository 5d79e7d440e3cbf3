"""Sums of outer products of factors, batched: factors U_1, ..., U_m of shapes (B, n_i, r).

Entry (i_1, ..., i_m) of their product is the sum over r of U_1[i_1, r] ... U_m[i_m, r]; that of two factors is U V^T.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from math import prod

import torch

Factors = Sequence[torch.Tensor]

# Largest Khatri-Rao product, in numbers, that is formed at once: it should stay in the cache.
BLOCK = 2**19


def khatri_rao(factors: Factors) -> torch.Tensor:
    """Return the column-wise Kronecker product (B, prod(n_i), r) of matrices (B, n_i, r)."""
    return reduce(lambda left, right: (left[:, :, None] * right[:, None]).flatten(1, 2), factors)


def product(factors: Factors) -> torch.Tensor:
    """Return the product as (B, n_1, n_2 ... n_m). Of three factors and more it takes no memory but for itself."""
    first, *rest = factors
    if len(rest) < 2:
        return torch.bmm(first, rest[0].mT) if rest else first.sum(2, keepdim=True)
    return _Product.apply(first, rest[0], khatri_rao(rest[1:]))


def inner(Y: torch.Tensor, factors: Factors) -> torch.Tensor:
    """Return the inner products (B,) of arrays Y (B, n_1, n_2 ... n_m) with the product, which is not formed."""
    first, *rest = factors
    if len(rest) < 2:
        return (Y * first.sum(2, keepdim=True) if not rest else torch.bmm(Y, rest[0]) * first).sum(
            (1, 2), dtype=torch.float64
        )
    return _Inner.apply(Y, first, rest[0], khatri_rao(rest[1:]))


class _Product(torch.autograd.Function):
    """The product of three factors."""

    @staticmethod
    def forward(ctx, first: torch.Tensor, second: torch.Tensor, third: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(first, second, third)
        total = first.new_empty(len(first), first.shape[1], second.shape[1] * third.shape[1])
        for rows, columns in _blocks(second, third):
            total[:, :, columns] = torch.bmm(first, khatri_rao([second[:, rows], third]).mT)
        return total

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return _gradients(gradient, *ctx.saved_tensors)


class _Inner(torch.autograd.Function):
    """The inner product with the product of three factors: linear in each, its gradients come with its value."""

    @staticmethod
    def forward(ctx, Y: torch.Tensor, first: torch.Tensor, second: torch.Tensor, third: torch.Tensor) -> torch.Tensor:
        gradients = _gradients(Y, first, second, third)
        ctx.save_for_backward(*gradients)
        return (gradients[0] * first).sum((1, 2), dtype=torch.float64)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return None, *(gradient.to(own.dtype)[:, None, None] * own for own in ctx.saved_tensors)


def _gradients(
    Y: torch.Tensor, first: torch.Tensor, second: torch.Tensor, third: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the gradients, with respect to each factor, of the inner product of Y with their product."""
    of_first, of_second, of_third = torch.zeros_like(first), torch.empty_like(second), torch.zeros_like(third)
    for rows, columns in _blocks(second, third):
        of_first.baddbmm_(Y[:, :, columns], khatri_rao([second[:, rows], third]))
        of_both = torch.bmm(Y[:, :, columns].mT, first).unflatten(1, (-1, third.shape[1]))
        of_second[:, rows] = (of_both * third[:, None]).sum(2)
        of_third += (of_both * second[:, rows, None]).sum(1)
    return of_first, of_second, of_third


def energy(factors: Factors) -> torch.Tensor:
    """Return the squared Frobenius norms (B,) of the product, which is not formed."""
    return prod(factor.mT @ factor for factor in factors).sum((1, 2), dtype=torch.float64)


def entries(factors: Factors, index: torch.Tensor) -> torch.Tensor:
    """Return the entries (B, E) of the product at the flat positions `index` (E,)."""
    terms = 1.0
    for factor in reversed(factors):
        terms = factor[:, index % factor.shape[1]] * terms
        index = index // factor.shape[1]
    return terms.sum(2)


def _blocks(second: torch.Tensor, third: torch.Tensor) -> Iterator[tuple[slice, slice]]:
    """Yield slices of the rows of `second`, and of the rows of its Khatri-Rao product with `third` that they make."""
    total, size = second.shape[1], third.shape[1]
    step = max(1, BLOCK // third.numel())
    for start in range(0, total, step):
        yield slice(start, start + step), slice(start * size, min(start + step, total) * size)
