"""The skip network against known counts of parameters, a network written in NumPy, and every length up to 70."""

import numpy as np
import pytest
import torch

from deeptensor.networks import number_of_scales, skip_network


@pytest.mark.parametrize(
    ("dimensions", "rank", "parameters"),
    [(1, 10, 794_006), (1, 32, 805_380), (1, 1000, 1_305_836), (2, 20, 2_206_152), (2, 84, 2_288_392)],
)
def test_number_of_parameters_is_that_of_the_authors_network(dimensions, rank, parameters):
    assert sum(parameter.numel() for parameter in skip_network(dimensions, rank).parameters()) == parameters


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


@pytest.mark.parametrize(
    "sizes", [*([length] for length in range(1, 71)), [145, 3], [2, 40], [1, 5], [12, 9], [5, 6, 7]], ids=str
)
def test_output_has_the_size_of_the_input(sizes):
    network = skip_network(len(sizes), rank=2, channels=4, scales=number_of_scales(sizes))
    output = network(torch.rand(1, 2, *sizes, generator=torch.Generator().manual_seed(0)))
    assert output.shape == (1, 2, *sizes)
    assert output.isfinite().all()


@pytest.mark.parametrize("length", [6, 7])
def test_forward_pass_agrees_with_a_network_of_one_scale_in_numpy(length):
    network = skip_network(1, rank=2, channels=3, scales=1).double()
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
    convolution, batch_norm, _ = layers
    y = normalise(batch_norm, convolve(convolution, x))
    return np.where(y > 0, y, 0.2 * y)


def normalise(layer: torch.nn.Module, x: np.ndarray) -> np.ndarray:
    weight, bias = (parameter.detach().numpy()[:, None] for parameter in (layer.weight, layer.bias))
    return weight * (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) + bias


def convolve(layer: torch.nn.Module, x: np.ndarray) -> np.ndarray:
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    width = weight.shape[2]
    padded = np.pad(x, ((0, 0), (width // 2, width // 2)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)[:, :: layer.stride[0]]
    return np.einsum("oiw,inw->on", weight, windows) + bias[:, None]
