"""A network that classifies images, trained from images with their labels, and as small and plain as can be.

The network is that of Tai et al., of sizes that an experiment says: convolutions, of which some are followed by the
largest of 2 x 2 pixels, one of single pixels, and two dense layers, with rectifiers between them. What stands in for
each layer is an answer in the form of `benchmark.algorithms.layers`, one after another. The judge runs it on withheld
images, counts what it stores and multiplies, and takes the rank of its filters.

Tai, Xiao, Zhang, Wang and E, Convolutional neural networks with low-rank regularization, ICLR 2016, arXiv 1511.06067.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from benchmark.algorithms.layers import COLOURS
from benchmark.checks import check_signal, told_labels
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import Taken
from benchmark.noise import Gaussian
from benchmark.observation import Observation

KINDS = {"samples"}
MEASURES = [
    "error",
    "error_crossfilter",
    "increase_crossfilter",
    "filters",
    "filters_centred",
    "reduction",
    "reduction_convolutions",
    "mac_reduction",
]
FIGURES = set()
FLOOR, CEILING = None, None
# The share of the energy that the filters which count have, and how often fewer of them the judge puts in their place.
ENERGY, FEWER = 0.95, 4


def pose(
    item: Item,
    observation: Observation,
    rng: np.random.Generator,
    *,
    channels: Sequence[int] = (16, 32, 32),
    pools: Sequence[int] = (2,),
    pixels: int = 3,
    mixed: int | None = None,
    hidden: int = 64,
    share: float = 2 / 3,
) -> Posed:
    """Give training images (n x C x H x W), their labels from 0, and the network; withhold the other images and labels.

    The network has convolutions of `pixels` x `pixels` with so many `channels`, those whose numbers from 1 are among
    `pools` followed by a pooling, one of `mixed` single pixels where there are such, and a dense layer of `hidden`
    outputs before that of the classes. `program` and `shapes` (L x 4) say so. Training images are those that the item's
    extra `training` marks, else a `share` at random. Raises ValueError for images that are zero or not finite, or too
    small for their halvings, without a label for each, and where a class is not in both parts; and for a network that
    is none, or in which no layer has filters to share.
    """
    check_signal(item)
    images = as_channels(item)
    halvings = len(set(pools))
    if min(*channels, hidden, 1 if mixed is None else mixed, 1) < 1 or not set(pools) <= set(
        range(1, len(channels) + 1)
    ):
        raise ValueError(
            f"{item.name}: {[*channels]} channels, {mixed} mixed, {hidden} hidden, pools after {[*pools]}: give 1 or "
            "more of each, and pools by the numbers of convolutions, from 1"
        )
    if max(channels[:-1], default=0) <= COLOURS or pixels < 3:
        raise ValueError(
            f"{item.name}: {[*channels]} channels and kernels of {pixels} pixels: give 3 pixels or more, and a "
            f"convolution on more than {COLOURS} channels, whose filters the judge takes the rank of"
        )
    if min(images.shape[2:]) < 2**halvings or pixels % 2 == 0:
        raise ValueError(
            f"{item.name}: images of {images.shape[2]} x {images.shape[3]} pixels, {halvings} times halved, and "
            f"kernels of {pixels}: give larger images or fewer `pools`, and odd `pixels`"
        )
    classes, labels = np.unique(told_labels(item), return_inverse=True)
    training = training_of(item, share, rng)
    if any(len(np.unique(labels[own])) < len(classes) for own in (training, ~training)):
        raise ValueError(
            f"{item.name}: {training.sum()} of {len(labels)} images are for training: give some of each class, and "
            "leave some for the test"
        )
    given = observation.draw(images[training], rng) | {
        "labels": labels[training],
        "program": np.array(program_of(len(channels), pools, pixels, mixed)),
        "shapes": shapes_of(images.shape[1:], channels, halvings, pixels, mixed, hidden, len(classes)),
    }
    return Posed(given, {"signal": images[~training], "test_labels": labels[~training]})


def as_channels(item: Item) -> np.ndarray:
    """Return images as n x C x H x W, of n x H x W or, in colour, n x H x W x C."""
    if item.signal.ndim not in (3, 4):
        raise ValueError(f"{item.name}: samples of shape {item.signal.shape[1:]}; images are classified")
    return item.signal[:, None] if item.signal.ndim == 3 else np.moveaxis(item.signal, 3, 1)


def training_of(item: Item, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return a mask of the images that are for training: those that the item marks, else a share at random."""
    number = len(item.signal)
    if "training" not in item.extras:
        return np.isin(np.arange(number), rng.permutation(number)[: round(share * number)])
    marked = np.asarray(item.extras["training"]).astype(bool)
    if marked.shape != (number,):
        raise ValueError(f"{item.name}: `training` of shape {marked.shape} for {number} images: mark each")
    return marked


def program_of(number: int, pools: Sequence[int], pixels: int, mixed: int | None) -> list[str]:
    """Return the program of a network with so many convolutions, see `benchmark.algorithms.networks`."""
    lines = []
    for own in range(1, number + 1):
        lines += [f"conv conv{own} 1 {pixels // 2}", "relu", *["pool"] * (own in pools)]
    lines += ["conv mixed 1 0", "relu"] * (mixed is not None)
    return [*lines, "flatten", "dense hidden", "relu", "dense classes"]


def shapes_of(
    image: Sequence[int],
    channels: Sequence[int],
    halvings: int,
    pixels: int,
    mixed: int | None,
    hidden: int,
    classes: int,
) -> np.ndarray:
    """Return the shapes of the layers' weights, L x 4, for images of C x H x W."""
    inputs, height, width = image
    shapes = [(own, before, pixels, pixels) for own, before in zip(channels, (inputs, *channels), strict=False)]
    shapes += [] if mixed is None else [(mixed, channels[-1], 1, 1)]
    places = (height >> halvings) * (width >> halvings)
    return np.array([*shapes, (hidden, shapes[-1][0] * places, 1, 1), (classes, hidden, 1, 1)])


def answer_shape(problem: Problem) -> None:
    """Leave the parts open: as many convolutions in each layer as a method likes."""


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[Mapping], float]]:
    """Return the measures of an answer, all of which the judge takes itself.

    The error on the test images in percent. How many filters have 95 % of the energy of all of a layer, as they are and
    about their mean: a share in percent, the mean over the convolutions of several pixels but the first. The error when
    a quarter of these layers' filters stands in for all, with its combinations, and its increase. The reductions over
    the dense network of all numbers but biases, of those of convolutions of several pixels, and of multiplications.
    """
    taken = Taken(partial(values_of, problem, truth))
    return {name: partial(taken.of, name) for name in MEASURES}


def values_of(problem: Problem, truth: Mapping[str, np.ndarray], answer: Mapping) -> dict[str, float]:
    """Return all measures of an answer; raise ValueError for one that cannot be run."""
    import torch

    from benchmark.algorithms.execution import Executed, checked, factored_of, multiplications, stored
    from benchmark.algorithms.layers import chain, crossfiltered
    from benchmark.algorithms.networks import answers
    from benchmark.algorithms.training import is_wide, program_layers

    program = problem.granted["program"]
    layers = program_layers(program, problem.granted["shapes"], problem.observed.shape[1:])
    found = [checked(*own) for own in zip(factored_of(answer, len(layers)), layers.values(), strict=True)]
    network = {name: Executed(own, layers[name]) for name, own in zip(layers, found, strict=True)}
    images = torch.tensor(truth["signal"], dtype=torch.float32)

    def error(own: Mapping) -> float:
        return 100 * float(np.mean(answers(program, {}, images, own) != truth["test_labels"]))

    kernels = {name: network[name].composed() for name, layer in layers.items() if is_wide(layer)}
    fewer = {
        name: Executed(crossfiltered(kernel, max(1, len(kernel) // FEWER)), layers[name])
        for name, kernel in kernels.items()
    }
    for name, own in fewer.items():
        own.bias = network[name].bias
    before, after = error(network), error(network | fewer)
    whole = [chain(layer.kernel) for layer in layers.values()]
    values = {"error": before, "error_crossfilter": after, "increase_crossfilter": after - before}
    counts = {
        "reduction": stored,
        "reduction_convolutions": lambda own, layer: stored(own, layer) * (layer.kernel[0, 0].size > 1),
        "mac_reduction": multiplications,
    }
    for name, count in counts.items():
        values[name] = total(whole, layers, count) / total(found, layers, count)
    for name, centred in (("filters", False), ("filters_centred", True)):
        values[name] = float(np.mean([needed(kernel, centred) for kernel in kernels.values()]))
    return values


def total(factored: Sequence, layers: Mapping, count: Callable) -> float:
    """Return what a count is for all layers together."""
    return sum(count(own, layer) for own, layer in zip(factored, layers.values(), strict=True))


def needed(kernel: np.ndarray, centred: bool) -> float:
    """Return the share in percent of the filters that have 95 % of the energy of all, after their mean where asked."""
    filters = kernel.reshape(len(kernel), -1).astype(np.float64)
    energies = np.linalg.svd(filters - centred * filters.mean(axis=0), compute_uv=False) ** 2
    return 100 * (1 + int(np.sum(np.cumsum(energies) < ENERGY * energies.sum()))) / len(kernel)


def tiny() -> dict[str, Tiny]:
    """Return images of three kinds with noise, and fewer and larger ones in colour."""
    noisy = Observation(Gaussian(0.01))
    return {"grey": Tiny(tiny_item(90, 8, 8), noisy, "error", 34.0), "colour": Tiny(tiny_item(24, 9, 8, 3), noisy)}


def tiny_item(number: int, *shape: int) -> Item:
    """Return so many images, each one of three random ones with noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(number) % 3
    images = rng.random((3, *shape))[labels] + 0.1 * rng.random((number, *shape))
    training = np.arange(number) < 2 * number // 3
    return Item("tiny", images / images.max(), rank=1, extras={"labels": labels, "training": training})
