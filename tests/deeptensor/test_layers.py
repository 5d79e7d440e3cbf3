"""Stacked layers against PyTorch's own, network by network, in value and gradient."""

import pytest
import torch
from torch.nn import functional

from deeptensor.layers import NARROW, Convolution, Normalisation, Upsample

CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


def convolve(layer: Convolution, x: torch.Tensor) -> torch.Tensor:
    """Return what PyTorch's convolution makes of each network's input by itself."""
    dimensions = x.ndim - 2
    outputs = []
    for weight, bias, one in zip(layer.weight, layer.bias, x, strict=True):
        padded = functional.pad(one[None], [layer.kernel // 2] * 2 * dimensions, mode="reflect")
        outputs.append(CONVOLUTIONS[dimensions](padded, weight, bias, layer.stride))
    return torch.cat(outputs)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("sizes", [(2,), (3,), (NARROW,), (NARROW + 1,), (2 * NARROW + 6,), (4, 5), (2, 3, 4)], ids=str)
def test_convolution_and_its_gradients_are_pytorchs_for_each_network(sizes, kernel, stride):
    generator = torch.Generator().manual_seed(0)
    layer = Convolution(3, len(sizes), inputs=5, outputs=4, kernel=kernel, stride=stride).double()
    layer.initialise([generator] * 3)
    x = torch.randn(3, 5, *sizes, generator=generator, dtype=torch.float64, requires_grad=True)
    actual, expected = layer(x), convolve(layer, x)
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)
    direction = torch.randn(actual.shape, generator=generator, dtype=torch.float64)
    arguments = (x, layer.weight, layer.bias)
    for one, two in zip(
        torch.autograd.grad(actual, arguments, direction),
        torch.autograd.grad(expected, arguments, direction),
        strict=True,
    ):
        torch.testing.assert_close(one, two, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("sizes", [(20,), (6, 7)], ids=str)
def test_convolution_in_bfloat16_has_its_rounding_and_keeps_the_type_of_the_features(sizes, kernel):
    generator = torch.Generator().manual_seed(0)
    exact = Convolution(2, len(sizes), 30, 4, kernel)
    exact.initialise([generator] * 2)
    rounded = Convolution(2, len(sizes), 30, 4, kernel, precision=torch.bfloat16)
    rounded.load_state_dict(exact.state_dict())
    x = torch.randn(2, 30, *sizes, generator=generator, requires_grad=True)
    direction = torch.randn(2, 4, *sizes, generator=generator)
    values = []
    for layer in (exact, rounded):
        y = layer(x)
        values.append([y, *torch.autograd.grad(y, (x, layer.weight, layer.bias), direction)])
    for one, two in zip(*values, strict=True):
        assert one.dtype == two.dtype == torch.float32
        # Each factor is rounded to 8 bits, and so is the result.
        assert 1e-4 < (one - two).norm() / one.norm() < 3 * 2**-8


def test_weights_are_uniform_within_the_bound_of_the_fan_in_and_follow_their_own_seed():
    def draw(seeds: list[int]) -> Convolution:
        layer = Convolution(len(seeds), 2, inputs=10, outputs=40, kernel=3)
        layer.initialise([torch.Generator().manual_seed(seed) for seed in seeds])
        return layer

    layer, bound = draw([1, 2]), 90**-0.5
    assert 0.99 * bound < layer.weight.abs().max() <= bound
    assert abs(layer.weight.std() / (bound / 3**0.5) - 1) < 0.02
    assert layer.bias.abs().max() <= bound
    assert torch.equal(layer.weight[1], draw([2]).weight[0])
    assert not torch.allclose(layer.weight[0], layer.weight[1])


def test_normalisation_gives_each_channel_of_each_network_its_bias_as_mean_and_its_weight_as_deviation():
    layer = Normalisation(2, 3)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(1.0, 7).view(2, 3))
        layer.bias.copy_(torch.arange(-3.0, 3).view(2, 3))
    y = layer(torch.rand(2, 3, 6, 7, generator=torch.Generator().manual_seed(0)).square()).flatten(2)
    torch.testing.assert_close(y.mean(2), layer.bias, rtol=0, atol=1e-5)
    torch.testing.assert_close(y.std(2, correction=0), layer.weight, rtol=1e-3, atol=0)


def test_rectifier_after_normalisation_keeps_a_fraction_of_what_is_negative():
    x = torch.rand(2, 3, 9, generator=torch.Generator().manual_seed(0))
    plain = Normalisation(2, 3)(x)
    torch.testing.assert_close(Normalisation(2, 3, slope=0.2)(x), torch.where(plain > 0, plain, 0.2 * plain))


def test_upsampling_doubles_a_ramp_and_drops_what_is_too_much():
    y = Upsample((5, 4))(torch.arange(3.0)[None, None, :, None] + torch.zeros(1, 1, 3, 2))
    torch.testing.assert_close(y[0, 0, :, 0], torch.tensor([0, 0.25, 0.75, 1.25, 1.75]))
    assert y.shape == (1, 1, 5, 4)
