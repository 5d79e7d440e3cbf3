"""A convolution with random weights, of a shape that a paper times: time is a function of the shape alone."""

from pathlib import Path

import numpy as np

from benchmark.contract import Item

KIND = "layers"
TITLE = "Convolutions of random weights"
LICENCE = "made by the suite"
CITATION = (
    "Tai, Xiao, Zhang, Wang, E: Convolutional neural networks with low-rank regularization. ICLR 2016, arXiv 1511.06067"
)
STANDS_IN_FOR = "the layers of ImageNet and CIFAR-10 networks of the papers of the lecture"


def load(
    folder: Path, *, outputs: int = 128, inputs: int = 96, pixels: int = 5, side: int = 16, reduction: float = 4
) -> list[Item]:
    """Return a kernel of `pixels` x `pixels`, for images of `side` x `side`, that may store numbers over `reduction`.

    Raises ValueError for an even kernel, which would change the size of images, a reduction below 1, and sizes of none.
    """
    if pixels % 2 == 0 or min(outputs, inputs, pixels, side) < 1 or not reduction >= 1:
        raise ValueError(
            f"{outputs} outputs, {inputs} inputs, {pixels} pixels, images of {side} and a reduction of {reduction:g}: "
            "give an odd number, and 1 or more, of pixels, and 1 or more of all else"
        )
    shape = (outputs, inputs, pixels, pixels)
    weights = np.random.default_rng(0).standard_normal(np.prod(shape)).astype(np.float32)
    extras = {"shape": np.array(shape), "side": np.array(side)}
    budget = int(len(weights) / reduction)
    return [Item("layer", weights / np.abs(weights).max(), budget=budget, signed=True, extras=extras)]
