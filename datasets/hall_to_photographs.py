"""Matrices to learn from and others of another kind: frames of a hall, and windows of photographs to test on."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from benchmark.loaders.training import moved, photographed
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "Airport hall, then photographs"
LICENCE = "not stated, and CC0"
CITATION = (
    "Li, Huang, Gu, Tian: Statistical Modeling of Complex Backgrounds for Foreground Object Detection. IEEE "
    "Transactions on Image Processing 13, 2004; photographs that scikit-image ships"
)
STANDS_IN_FOR = None
REGISTRY = "hall"


def load(folder: Path, *, budgets: Sequence[int] = (20, 40)) -> list[Item]:
    """Return the central 144 x 144 pixels of each frame, and 25 windows of that size of each photograph."""
    video = normalised(TITLE, read_cube(folder / "testVideo.mat", key="D")[:, 16:160])
    return moved(video, photographed(len(video)), budgets)
