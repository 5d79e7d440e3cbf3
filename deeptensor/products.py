"""Sums of outer products of factors, batched: factors U_1, ..., U_m of shapes (B, n_i, r).

Entry (i_1, ..., i_m) of their product is the sum over r of U_1[i_1, r] ... U_m[i_m, r]; that of two factors is U V^T.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from math import prod

import torch
from torch.utils.checkpoint import checkpoint

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
    blocks = list(_blocks(factors))
    if len(blocks) == 1:
        return _unblocked(*factors)
    # The Khatri-Rao product of a block is formed again for the gradient, rather than kept.
    return sum(checkpoint(_unblocked, *block, use_reentrant=False, preserve_rng_state=False) for block in blocks)


def _unblocked(first: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
    return torch.bmm(first, khatri_rao(rest).mT)


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
    positions = torch.unravel_index(index, [factor.shape[1] for factor in factors])
    return prod(factor[:, position] for factor, position in zip(factors, positions, strict=True)).sum(2)


def _blocks(factors: Factors) -> Iterator[list[torch.Tensor]]:
    """Yield the factors cut along the rank, so that the Khatri-Rao product of all but the first fits a block."""
    width = max(1, BLOCK // (len(factors[0]) * prod(factor.shape[1] for factor in factors[1:])))
    yield from zip(*(factor.split(width, dim=2) for factor in factors), strict=True)
