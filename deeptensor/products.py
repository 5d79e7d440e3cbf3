"""Sums of outer products of factors, batched: factors U_1, ..., U_m of shapes (B, n_i, r).

Entry (i_1, ..., i_m) of their product is the sum over r of U_1[i_1, r] ... U_m[i_m, r]; that of two factors is U V^T.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from math import prod

import torch

Factors = Sequence[torch.Tensor]

# Largest intermediate, in numbers: higher ranks are dealt with in blocks.
BLOCK = 2**24


def khatri_rao(factors: Factors) -> torch.Tensor:
    """Return the column-wise Kronecker product (B, prod(n_i), r) of matrices (B, n_i, r)."""
    return reduce(lambda left, right: (left[:, :, None] * right[:, None]).flatten(1, 2), factors)


def product(factors: Factors) -> torch.Tensor:
    """Return the product as (B, n_1, n_2 ... n_m). Beyond its own size it takes the memory of one block of the rank."""
    if len(factors) == 1:
        return factors[0].sum(2, keepdim=True)
    return torch.bmm(factors[0], factors[1].mT) if len(factors) == 2 else _Product.apply(*factors)


class _Product(torch.autograd.Function):
    """Summed block by block; of a block, the Khatri-Rao product is formed again for the gradient rather than kept."""

    @staticmethod
    def forward(ctx, *factors: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(*factors)
        problems, rows, _ = factors[0].shape
        total = factors[0].new_zeros(problems, rows, prod(factor.shape[1] for factor in factors[1:]))
        for first, *rest in _blocks(factors):
            total.baddbmm_(first, khatri_rao(rest).mT)
        return total

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple[torch.Tensor, ...]:
        blocks = []
        for first, *rest in _blocks(ctx.saved_tensors):
            with torch.enable_grad():
                rest = [factor.detach().requires_grad_() for factor in rest]
                others = khatri_rao(rest)
            of_others = torch.autograd.grad(others, rest, torch.bmm(gradient.mT, first))
            blocks.append((torch.bmm(gradient, others.detach()), *of_others))
        return tuple(torch.cat(parts, dim=2) for parts in zip(*blocks, strict=True))


def inner(Y: torch.Tensor, factors: Factors) -> torch.Tensor:
    """Return the inner products (B,) of arrays Y (B, n_1, n_2 ... n_m) with the product, which is not formed."""
    if len(factors) == 1:
        return torch.einsum("bij,bir->b", Y, factors[0])
    return sum(
        (torch.bmm(Y, khatri_rao(rest)) * first).sum((1, 2), dtype=torch.float64) for first, *rest in _blocks(factors)
    )


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


def _blocks(factors: Factors) -> Iterator[list[torch.Tensor]]:
    """Yield the factors cut along the rank, so that the Khatri-Rao product of all but the first fits a block."""
    width = max(1, BLOCK // (len(factors[0]) * prod(factor.shape[1] for factor in factors[1:])))
    yield from zip(*(factor.split(width, dim=2) for factor in factors), strict=True)
