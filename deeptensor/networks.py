"""The untrained networks that generate factors: skip network, deep decoder and multilayer perceptron.

Each has one definition for one, two and three dimensions, and is made as a stack of `count` networks (see `layers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import torch
from torch import nn

from deeptensor.arguments import check_choice, check_flag, check_not_negative, check_whole
from deeptensor.layers import Convolution, Normalisation, Upsample

SKIP_CHANNELS = 4
HIDDEN_LAYERS = 3
SLOPE = 0.2
PRECISIONS = {"single": None, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Network:
    """The settings of the network that generates a factor of some sizes and rank r from an input.

    The defaults are quick; `deeptensor.PAPER` has the network of arXiv 2204.03145, with 128 channels and a perturbation
    of 1/30. More scales make smoother factors, which learn noise, and what is not smooth, more slowly.

    kind: "skip", a convolutional encoder-decoder with skip connections (Ulyanov et al. 2018, arXiv 1711.10925);
        "decoder", the deep decoder, convolutions of kernel 1 and upsampling alone (Heckel and Hand 2019, arXiv
        1810.03982); "mlp", three hidden layers applied to each sample alone.
    channels: of every hidden layer.
    scales: halvings of the sizes, at most: short axes get fewer, see `number_of_scales`. The perceptron has none.
    kernel: 3, or 1 for a skip network whose convolutions do not look at neighbours.
    input: "random", uniform in [0, 0.1]; or "positional", sines and cosines of the positions at random frequencies.
    input_channels: by default r, and `channels` for the decoder.
    optimise_input: whether the input is fitted together with the weights.
    perturbation: standard deviation of the noise that is added to the input, afresh at each iteration.
    precision: of the factors of the hidden layers' products, "single" or "bfloat16". The latter, of 8 bits, takes two
        thirds of the time for images where a processor computes with it, and less memory, but is slow elsewhere. It is
        for noisy data: the factors do not come closer than its rounding.
    """

    kind: str = "skip"
    channels: int = 64
    scales: int = 5
    kernel: int = 3
    input: str = "random"
    input_channels: int | None = None
    optimise_input: bool = True
    perturbation: float = 0.0
    precision: str = "single"

    def __post_init__(self):
        check_choice("kind", self.kind, NETWORKS)
        check_choice("input", self.input, ("random", "positional"))
        check_whole("channels of a network", self.channels)
        check_whole("scales of a network", self.scales, least=0)
        check_whole("kernel of a network", self.kernel)
        if self.kernel not in (1, 3):
            raise ValueError(f"kernel of a network must be 1 or 3, not {self.kernel}")
        if self.input_channels is not None:
            check_whole("input_channels of a network", self.input_channels)
        check_flag("optimise_input of a network", self.optimise_input)
        check_not_negative("perturbation of a network", self.perturbation)
        check_choice("precision", self.precision, PRECISIONS)


def number_of_scales(sizes: Sequence[int], limit: int = 5) -> int:
    """Return the number of halvings S = min(limit, floor(log2(L - 1))) for the shortest length L; 0 where L < 3.

    A length of at least 2^S + 1 keeps two samples at the coarsest scale, the fewest that reflection padding and batch
    normalisation can work with.
    """
    return min(limit, int(log2(max(min(sizes) - 1, 1))))


def input_shape(network: Network, sizes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Return the shape (channels, *sizes) of the input from which the network makes a factor of `sizes` and `rank`."""
    if network.kind != "decoder":
        return (network.input_channels or rank, *sizes)
    return (network.input_channels or network.channels, *_halved(sizes, number_of_scales(sizes, network.scales)))


def make_network(network: Network, count: int, sizes: Sequence[int], rank: int) -> nn.Module:
    """Return a stack of networks from (count, *input_shape) to (count, rank, *sizes); there is no last activation.

    Its weights are not drawn yet. An axis of fewer than three samples leaves nothing of a skip network or a decoder but
    the last layer, a 1 x 1 convolution.
    """
    return NETWORKS[network.kind](network, count, sizes, input_shape(network, sizes, rank)[0], rank)


def _skip_network(network: Network, count: int, sizes: Sequence[int], inputs: int, outputs: int) -> nn.Sequential:
    scales = number_of_scales(sizes, network.scales)
    inner, width = nn.Identity(), inputs
    for scale in reversed(range(scales)):
        inner = Scale(network, count, _halved(sizes, scale), network.channels if scale else inputs, inner)
        width = network.channels
    return nn.Sequential(inner, Convolution(count, len(sizes), width, outputs))


class Scale(nn.Module):
    """One scale of the skip network: down by two, through `inner` (the coarser scales), up again, past the skip."""

    def __init__(self, network: Network, count: int, sizes: Sequence[int], inputs: int, inner: nn.Module):
        super().__init__()
        channels, kernel = network.channels, network.kernel

        def block(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
            return nn.Sequential(
                Convolution(
                    count, len(sizes), inputs, outputs, kernel, stride, precision=PRECISIONS[network.precision]
                ),
                Normalisation(count, outputs, SLOPE),
            )

        self.skip = block(inputs, SKIP_CHANNELS, 1)
        self.deeper = nn.Sequential(
            block(inputs, channels, kernel, stride=2), block(channels, channels, kernel), inner, Upsample(sizes)
        )
        self.merge = nn.Sequential(
            Normalisation(count, SKIP_CHANNELS + channels),
            block(SKIP_CHANNELS + channels, channels, kernel),
            block(channels, channels, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features (count, channels, *sizes) of `x` (count, inputs, *sizes)."""
        return self.merge(torch.cat([self.skip(x), self.deeper(x)], dim=1))


def _deep_decoder(network: Network, count: int, sizes: Sequence[int], inputs: int, outputs: int) -> nn.Sequential:
    scales = number_of_scales(sizes, network.scales)
    layers, width, precision = [], inputs, PRECISIONS[network.precision]
    for scale in reversed(range(scales + 1 if scales else 0)):
        layers.append(Convolution(count, len(sizes), width, network.channels, bias=False, precision=precision))
        if scale:
            layers.append(Upsample(_halved(sizes, scale - 1)))
        layers += [nn.LeakyReLU(SLOPE), Normalisation(count, network.channels)]
        width = network.channels
    return nn.Sequential(*layers, Convolution(count, len(sizes), width, outputs, bias=False))


def _multilayer_perceptron(
    network: Network, count: int, sizes: Sequence[int], inputs: int, outputs: int
) -> nn.Sequential:
    layers, width, precision = [], inputs, PRECISIONS[network.precision]
    for _ in range(HIDDEN_LAYERS):
        layers += [Convolution(count, len(sizes), width, network.channels, precision=precision), nn.LeakyReLU(SLOPE)]
        width = network.channels
    return nn.Sequential(*layers, Convolution(count, len(sizes), width, outputs))


def _halved(sizes: Sequence[int], times: int) -> tuple[int, ...]:
    return tuple(-(-size // 2**times) for size in sizes)


NETWORKS = {"skip": _skip_network, "decoder": _deep_decoder, "mlp": _multilayer_perceptron}
