"""MNIST with its labels: the first training images and the first test images, 28 x 28 pixels, grey.

The registry's copy holds images as the rows of PNGs, 3000 a file, and labels as a script.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.mnist import TEST, TRAIN, labelled_images
from benchmark.loaders.signals import normalised

KIND = "samples"
TITLE = "MNIST, labelled"
LICENCE = "of the images not stated"
CITATION = (
    "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition. Proceedings of the IEEE "
    "86, 1998, doi:10.1109/5.726791"
)
STANDS_IN_FOR = "the CIFAR-10 and ImageNet images of the papers of the lecture"
REGISTRY = "mnist_labelled"


def load(folder: Path, *, train: int = 12_000, test: int = 3000) -> list[Item]:
    """Return `train` and `test` images (n x 28 x 28) with `labels`, and the mark `training` of the former.

    Raises ValueError for more than 12 000 training images or 3000 of the test.
    """
    if not (1 <= train <= TRAIN and 1 <= test <= TEST):
        raise ValueError(f"{train} images to `train` and {test} to `test`: give 1 to {TRAIN} and 1 to {TEST}")
    images, labels = (
        np.concatenate([known[:train], new[:test]]) for known, new in zip(*labelled_images(folder), strict=True)
    )
    extras = {"labels": labels, "training": np.arange(train + test) < train}
    return [Item("mnist", normalised(TITLE, images[:, 0]), extras=extras)]
