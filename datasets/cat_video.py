"""A clip of a cat, 128 x 128 pixels and 64 frames, which the DeepTensor authors published with their code."""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "Cat video"
LICENCE = "MIT, as all of the authors' repository; the terms of the clip itself are not stated"
CITATION = "Saragadam, Balestriero, Veeraraghavan, Baraniuk: DeepTensor. arXiv 2204.03145, its published code"
STANDS_IN_FOR = None
IMAGE = 20


def load(folder: Path, *, frames: int | None = None) -> list[Item]:
    """Return the clip (128 x 128 x 64), or its first `frames`, divided by its maximum."""
    return [Item("cat", normalised(TITLE, read_cube(folder / "cat_video.mat", key="hypercube")[..., :frames]))]
