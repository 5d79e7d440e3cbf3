"""The losses and their gradients against the product of the factors written out."""

import pytest
import torch

from deeptensor.losses import LOSSES

SIZES = (7, 5, 4)


@pytest.mark.parametrize("axes", ["ar,br->ab", "ar,br,cr->abc"])
@pytest.mark.parametrize(("loss", "power"), [("l1", 1), ("l2", 2)])
def test_loss_and_its_gradient_are_those_of_the_product_written_out(loss, power, axes):
    generator = torch.Generator().manual_seed(0)
    sizes = SIZES[: axes.count("r")]
    factors = [torch.randn(size, 3, generator=generator, dtype=torch.float64, requires_grad=True) for size in sizes]
    Y = torch.randn(sizes, generator=generator, dtype=torch.float64)
    expected = (Y - torch.einsum(axes, factors)).abs().pow(power).mean()
    actual = LOSSES[loss](Y)(factors)
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=0)
    expected_gradient = torch.autograd.grad(expected, factors)
    torch.testing.assert_close(torch.autograd.grad(actual, factors), expected_gradient, rtol=1e-10, atol=1e-12)


def test_mean_square_in_single_precision_is_right_to_1e_6_of_the_energy():
    generator = torch.Generator().manual_seed(0)
    U, V = (torch.rand(size, 20, generator=generator) for size in (2000, 100))
    Y = U @ V.T
    assert abs(LOSSES["l2"](Y)([U, V])) < 1e-6 * Y.square().mean()
