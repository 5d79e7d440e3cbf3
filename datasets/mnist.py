"""MNIST: the first handwritten digits of its training set, 28 x 28 pixels, grey.

Each image is mapped to [0, 1] by its own minimum and maximum, as the paper's Table 2 does. The registry's copy holds
the first 3000 images as the rows of a PNG, without their labels.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.signals import stretched
from deeptensor.images import read_image

KIND = "samples"
TITLE = "MNIST"
LICENCE = "not stated"
CITATION = (
    "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition. Proceedings of the IEEE "
    "86, 1998, doi:10.1109/5.726791"
)
STANDS_IN_FOR = None


def load(folder: Path, *, images: int = 2048) -> list[Item]:
    """Return the first `images` as samples (images x 28 x 28), at most 3000."""
    rows = read_image(folder / "mnist_batch_0.png")
    if not 1 <= images <= len(rows):
        raise ValueError(f"{images} images of {TITLE}: give 1 to {len(rows)}")
    return [Item("mnist", stretched(TITLE, rows[:images].reshape(-1, 28, 28)))]
