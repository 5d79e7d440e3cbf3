"""CIFAR-10 with its labels: the first training images, 32 x 32 pixels in colour, of which some are kept for the test.

The registry's copy holds the first 4000 of the 50 000 training images as the rows of PNGs, and none of the test images
as they are. Labels are a pickle of arrays, which lies beside those that people gave.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.cifar10 import labelled_images
from benchmark.loaders.signals import normalised

KIND = "samples"
TITLE = "CIFAR-10, labelled"
LICENCE = "of the images not stated; of the labels CC BY-NC 4.0"
CITATION = (
    "Krizhevsky: Learning Multiple Layers of Features from Tiny Images. Technical report, University of Toronto, 2009; "
    "labels as in Wei et al.: Learning with noisy labels revisited, ICLR 2022"
)
STANDS_IN_FOR = "all 60 000 images of CIFAR-10, and the ImageNet images of the papers of the lecture"
REGISTRY = "cifar10_labelled"
TRAIN, TEST = 3000, 1000


def load(folder: Path, *, train: int = 3000, test: int = 1000) -> list[Item]:
    """Return `train` and `test` images (n x 32 x 32 x 3) with `labels`, and the mark `training` of the former.

    Raises ValueError for more than 3000 images to train and 1000 to test.
    """
    if not (1 <= train <= TRAIN and 1 <= test <= TEST):
        raise ValueError(f"{train} images to `train` and {test} to `test`: give 1 to {TRAIN} and 1 to {TEST}")
    images, labels = labelled_images(folder, range(4))
    kept = [*range(train), *range(TRAIN, TRAIN + test)]
    extras = {"labels": labels[kept], "training": np.arange(train + test) < train}
    return [Item("cifar10", normalised(TITLE, images[kept]), extras=extras)]
