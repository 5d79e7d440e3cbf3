"""The networks against known counts of parameters, a network written in NumPy, and every length up to 70."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from deeptensor.layers import Convolution
from deeptensor.networks import Network, input_shape, make_network, number_of_scales
from deeptensor.presets import PAPER

KINDS = ["skip", "decoder", "mlp"]


def drawn_network(network: Network, count: int, sizes: tuple[int, ...], rank: int) -> torch.nn.Module:
    made = make_network(network, count, sizes, rank)
    for layer in made.modules():
        if isinstance(layer, Convolution):
            layer.initialise([torch.Generator().manual_seed(seed) for seed in range(count)])
    return made


@pytest.mark.parametrize(
    ("kind", "dimensions", "rank", "parameters"),
    [
        ("skip", 1, 10, 794_006),
        ("skip", 1, 32, 805_380),
        ("skip", 1, 1000, 1_305_836),
        ("skip", 2, 20, 2_206_152),
        ("skip", 2, 84, 2_288_392),
        ("decoder", 1, 16, 101_888),
    ],
)
def test_number_of_parameters_is_that_of_the_authors_network(kind, dimensions, rank, parameters):
    network = make_network(replace(PAPER["network"], kind=kind), 1, (64,) * dimensions, rank)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_kernel_of_one_leaves_no_weight_to_a_neighbour():
    network = make_network(Network(kernel=1), 1, (64, 64), 4)
    assert {layer.kernel for layer in network.modules() if isinstance(layer, Convolution)} == {1}


@pytest.mark.parametrize(
    ("sizes", "scales"),
    [
        ([1], 0),
        ([2], 0),
        ([3], 1),
        ([8], 2),
        ([31], 4),
        ([33], 5),
        ([1000], 5),
        ([145, 3], 1),
        ([5, 1, 9], 0),
    ],
)
def test_number_of_scales_follows_the_shortest_length(sizes, scales):
    assert number_of_scales(sizes) == scales


def test_number_of_scales_keeps_to_its_limit():
    assert number_of_scales([1000], limit=3) == 3


# About the lengths at which a network gets one more scale.
LENGTHS = (1, 2, 3, 4, 7, 8, 9, 31, 33, 64, 65)
SIZES = [*((length,) for length in LENGTHS), (145, 3), (2, 40), (1, 5), (12, 9), (5, 6, 7)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_output_has_the_sizes_asked_for(sizes, kind):
    settings = Network(kind=kind, channels=4)
    network = drawn_network(settings, 1, sizes, 2)
    output = network(torch.rand(1, *input_shape(settings, sizes, 2), generator=torch.Generator().manual_seed(0)))
    assert output.shape == (1, 2, *sizes)
    assert output.isfinite().all()
    assert output.std() > 0 or len(output.flatten()) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", [(9,), (9, 12), (5, 6, 7)], ids=str)
def test_networks_of_a_stack_do_not_see_each_other(sizes, kind):
    settings = Network(kind=kind, channels=4)
    stack, x = drawn_network(settings, 3, sizes, 2), torch.rand(3, *input_shape(settings, sizes, 2))
    before = stack(x)
    x[1] += torch.rand(x[1].shape)
    after = stack(x)
    torch.testing.assert_close(after[[0, 2]], before[[0, 2]])
    assert not torch.allclose(after[1], before[1])


@pytest.mark.parametrize("length", [6, 7])
def test_forward_pass_agrees_with_a_network_of_one_scale_in_numpy(length):
    network = make_network(Network(channels=3, scales=1), 1, (length,), 2).double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-1, 1, generator=generator)
    x = np.random.default_rng(0).random((2, length))
    actual = network(torch.from_numpy(x)[None])[0].detach().numpy()
    np.testing.assert_allclose(actual, one_scale(network, x), rtol=0, atol=1e-10)


def one_scale(network: torch.nn.Sequential, x: np.ndarray) -> np.ndarray:
    scale, last = network
    skip = block(scale.skip, x)
    deep = block(scale.deeper[1], block(scale.deeper[0], x))
    samples = (np.arange(x.shape[1]) + 0.5) / 2 - 0.5
    upsampled = [np.interp(samples, np.arange(deep.shape[1]), row) for row in deep]
    merged = normalise(scale.merge[0], np.vstack([skip, upsampled]))
    return convolve(last, block(scale.merge[2], block(scale.merge[1], merged)))


def block(layers: torch.nn.Sequential, x: np.ndarray) -> np.ndarray:
    convolution, batch_norm = layers
    y = normalise(batch_norm, convolve(convolution, x))
    return np.where(y > 0, y, 0.2 * y)


def normalise(layer: torch.nn.Module, x: np.ndarray) -> np.ndarray:
    weight, bias = (parameter.detach().numpy()[0][:, None] for parameter in (layer.weight, layer.bias))
    return weight * (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) + bias


def convolve(layer: torch.nn.Module, x: np.ndarray) -> np.ndarray:
    weight, bias = layer.weight.detach().numpy()[0], layer.bias.detach().numpy()[0]
    width = weight.shape[2]
    padded = np.pad(x, ((0, 0), (width // 2, width // 2)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)[:, :: layer.stride]
    return np.einsum("oiw,inw->on", weight, windows) + bias[:, None]


def test_decoder_of_one_scale_is_the_written_out_one():
    """Channels are mixed, doubled in length, bent and normalised; then once more without the doubling."""
    network = drawn_network(Network(kind="decoder", channels=3, scales=1), 1, (6,), 2).double()
    first, second, last = (layer.weight.detach()[0, :, :, 0] for layer in network if isinstance(layer, Convolution))
    x = torch.rand(1, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def bend(y: torch.Tensor) -> torch.Tensor:
        y = torch.where(y > 0, y, 0.2 * y)
        return (y - y.mean(1, keepdim=True)) / (y.var(1, correction=0, keepdim=True) + 1e-5).sqrt()

    doubled = torch.nn.functional.interpolate((first @ x[0])[None], scale_factor=2, mode="linear")[0]
    torch.testing.assert_close(network(x)[0], last @ bend(second @ bend(doubled)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "unet"}, "unknown kind 'unet'; there are: skip, decoder, mlp"),
        ({"kernel": 5}, "kernel of a network must be 1 or 3, not 5"),
        ({"input": "ones"}, "unknown input 'ones'; there are: random, positional"),
        ({"channels": 0}, "channels of a network must be a whole number of at least 1, not 0"),
        ({"scales": -1}, "scales of a network must be a whole number of at least 0"),
        ({"channels": "8"}, "channels of a network must be a whole number of at least 1, not '8'"),
        ({"scales": True}, "scales of a network must be a whole number of at least 0, not True"),
        ({"optimise_input": 1}, "optimise_input of a network must be True or False, not 1"),
        ({"perturbation": float("nan")}, "perturbation of a network must be a number that is not negative"),
        ({"precision": "half"}, "unknown precision 'half'; there are: single, bfloat16"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Network(**settings)
