"""A small network that classifies 8 x 8 digits, trained here from a seed, with one of its layers to be compressed.

Two convolutions of 3 x 3, of 16 and 32 channels, the largest of 2 x 2 pixels, one more of 32 channels, and two dense
layers of 64 and 10 outputs, with rectifiers between them; trained on 1197 of scikit-learn's digits, tested on the other
600, which one permutation tells apart. The error is 1 to 2 %.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from benchmark.algorithms.networks import Recipe
from benchmark.contract import Item
from benchmark.loaders.networks import Images, trained_items

KIND = "layers"
TITLE = "Digits network"
LICENCE = "of the digits not stated by scikit-learn, which ships them"
CITATION = (
    "Kaynak: Methods of Combining Multiple Classifiers and Their Applications to Handwritten Digit Recognition. MSc "
    "thesis, Bogazici University, 1995; set of July 1998 in the UCI Machine Learning Repository"
)
STANDS_IN_FOR = "the ImageNet networks of the papers of the lecture"
PROGRAM = (
    *("conv conv1 1 1", "relu", "conv conv2 1 1", "relu", "pool", "conv conv3 1 1", "relu"),
    *("flatten", "dense fc1", "relu", "dense fc2"),
)
SHAPES = {"conv1": (16, 1, 3, 3), "conv2": (32, 16, 3, 3), "conv3": (32, 32, 3, 3), "fc1": (64, 512), "fc2": (10, 64)}
RATE, TUNING = 3e-3, Recipe(3, 1e-3)


def load(
    folder: Path,
    *,
    layers: Sequence[str] = ("conv3",),
    reduction: float = 4,
    networks: int = 1,
    epochs: int = 15,
    disturbed: float = 0,
) -> list[Item]:
    """Return the `layers` of each of several trained networks, whose numbers are to be reduced `reduction` times.

    White noise with the share `disturbed` of each layer's root mean square can be added to its weights.
    """
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    images = (digits.images[order, None] / 16).astype(np.float32)
    train, test = (Images(images[part], digits.target[order][part]) for part in (slice(1197), slice(1197, None)))
    recipes = [Recipe(epochs, RATE, seed=seed) for seed in range(networks)]
    return trained_items(PROGRAM, SHAPES, recipes, layers, reduction, train, test, TUNING, disturbed)
