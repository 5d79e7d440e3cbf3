"""MNIST with its labels: the first training images and the first test images, 28 x 28 pixels, grey.

The registry's copy holds images as the rows of PNGs, 3000 a file, and labels as a script.
"""

import re
from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.mnist import images_of
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
ROWS, TRAIN_FILES, TEST_FILE, FIRST_TEST = 3000, 4, 20, 60_000


def load(folder: Path, *, train: int = 12_000, test: int = 3000) -> list[Item]:
    """Return `train` and `test` images (n x 28 x 28) with `labels`, and the mark `training` of the former.

    Raises ValueError for more than 12 000 training images or 3000 of the test.
    """
    most = (TRAIN_FILES * ROWS, ROWS)
    if not (1 <= train <= most[0] and 1 <= test <= most[1]):
        raise ValueError(f"{train} images to `train` and {test} to `test`: give 1 to {most[0]} and 1 to {most[1]}")
    labels = np.array(re.findall(r"\d+", (folder / "mnist_labels.js").read_text()), dtype=np.int64)
    images = np.concatenate([images_of(folder, range(TRAIN_FILES))[:train], images_of(folder, [TEST_FILE])[:test]])
    extras = {
        "labels": np.concatenate([labels[:train], labels[FIRST_TEST : FIRST_TEST + test]]),
        "training": np.arange(train + test) < train,
    }
    return [Item("mnist", normalised(TITLE, images[:, 0]), extras=extras)]
