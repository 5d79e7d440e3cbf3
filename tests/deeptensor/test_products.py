"""Products of factors against einsum, in one piece and in blocks."""

import pytest
import torch

from deeptensor import products
from deeptensor.products import energy, entries, inner, khatri_rao, product

EINSUM = {1: "zar->za", 2: "zar,zbr->zab", 3: "zar,zbr,zcr->zabc", 4: "zar,zbr,zcr,zdr->zabcd"}
SIZES = (7, 5, 4, 3)


@pytest.fixture(params=[1, 2, 3, 4])
def factors(request):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(2, size, 6, generator=generator, dtype=torch.float64, requires_grad=True)
        for size in SIZES[: request.param]
    ]


@pytest.fixture(params=["one piece", "blocks"])
def in_blocks(request, monkeypatch):
    if request.param == "blocks":
        monkeypatch.setattr(products, "BLOCK", 100)


@pytest.mark.usefixtures("in_blocks")
def test_product_and_its_gradient_are_those_of_einsum(factors):
    expected = torch.einsum(EINSUM[len(factors)], factors)
    actual = product(factors).reshape(expected.shape)
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)
    direction = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    gradients = (torch.autograd.grad(value, factors, direction) for value in (actual, expected))
    for one, two in zip(*gradients, strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=1e-11)


@pytest.mark.usefixtures("in_blocks")
def test_inner_product_and_energy_are_those_of_the_product_written_out(factors):
    written_out = torch.einsum(EINSUM[len(factors)], factors)
    Y = torch.randn(written_out.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    cross = inner(Y.reshape(2, SIZES[0], -1), factors)
    torch.testing.assert_close(cross, (Y * written_out).flatten(1).sum(1), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(energy(factors), written_out.square().flatten(1).sum(1), rtol=1e-12, atol=0)


def test_entries_are_those_of_the_product(factors):
    index = torch.tensor([0, 3, 6])
    torch.testing.assert_close(entries(factors, index), product(factors).flatten(1)[:, index])


def test_blocks_take_every_row_once_and_keep_to_their_limit(monkeypatch):
    monkeypatch.setattr(products, "BLOCK", 100)
    second, third = torch.rand(1, 9, 5), torch.rand(1, 4, 5)
    blocks = list(products._blocks(second, third))
    assert [rows.start for rows, _ in blocks] == [0, 5]
    whole = khatri_rao([second, third])
    for rows, columns in blocks:
        block = khatri_rao([second[:, rows], third])
        assert block.numel() <= 100
        assert torch.equal(whole[:, columns], block)
    assert blocks[-1][1].stop == 36


def test_high_rank_keeps_little_for_the_gradient(monkeypatch):
    """Of rank 300, the Khatri-Rao product alone would be 32 times the array."""
    monkeypatch.setattr(products, "BLOCK", 2**12)
    factors = [torch.rand(1, size, 300, requires_grad=True) for size in (9, 10, 8)]
    Y, kept = torch.rand(1, 9, 80), []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        total = product(factors).square().sum() + inner(Y, factors)
    total.backward()
    assert sum(kept) < 300 * 80
    assert all(factor.grad.abs().sum() > 0 for factor in factors)
