"""A small network that classifies MNIST digits, trained here from a seed, with one of its layers to be compressed.

Two convolutions of 5 x 5, of 16 and 32 channels, each with the largest of 2 x 2 pixels, and two dense layers of 128 and
10 outputs, with rectifiers between them; trained on the first 12 000 training images, tested on the first 3000 test
images. The error is about 2.6 %. The registry's copy holds images as the rows of PNGs, and labels as a script.
"""

from collections.abc import Sequence
from pathlib import Path

from benchmark.algorithms.networks import Recipe
from benchmark.contract import Item
from benchmark.loaders.mnist import labelled_images
from benchmark.loaders.networks import Images, trained_items

KIND = "layers"
TITLE = "MNIST network"
LICENCE = "of the images not stated"
CITATION = (
    "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition. Proceedings of the IEEE "
    "86, 1998, doi:10.1109/5.726791"
)
STANDS_IN_FOR = "the ImageNet networks of the papers of the lecture"
REGISTRY = "mnist_labelled"
PROGRAM = (
    *("scale 255", "conv conv1 1 2", "relu", "pool", "conv conv2 1 2", "relu", "pool"),
    *("flatten", "dense fc1", "relu", "dense fc2"),
)
SHAPES = {"conv1": (16, 1, 5, 5), "conv2": (32, 16, 5, 5), "fc1": (128, 1568), "fc2": (10, 128)}
RATE, TUNING = 2e-3, Recipe(1, 5e-4)


def load(
    folder: Path,
    *,
    layers: Sequence[str] = ("conv2",),
    reduction: float = 4,
    networks: int = 1,
    epochs: int = 4,
    disturbed: float = 0,
) -> list[Item]:
    """Return the `layers` of each of several trained networks, whose numbers are to be reduced `reduction` times.

    White noise with the share `disturbed` of each layer's root mean square can be added to its weights.
    """
    train, test = (Images(*own) for own in labelled_images(folder))
    recipes = [Recipe(epochs, RATE, seed=seed) for seed in range(networks)]
    return trained_items(PROGRAM, SHAPES, recipes, layers, reduction, train, test, TUNING, disturbed)
