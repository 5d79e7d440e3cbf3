"""A phantom for tomography: a body with random ellipsoids in it, each of constant density."""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "stack"
TITLE = "Ellipsoid phantom"
LICENCE = "made by the suite"
CITATION = "made by the suite; after Shepp and Logan, IEEE Transactions on Nuclear Science 21, 1974"
STANDS_IN_FOR = "the chest CT of the paper's Figure 12"
IMAGE = 8


def load(folder: Path, *, size: int = 64, slices: int = 16, ellipsoids: int = 12, seed: int = 0) -> list[Item]:
    """Return the volume (size x size x slices) of a body of density 0.5 and `ellipsoids` of -0.3 to 0.3 within it."""
    rng = np.random.default_rng(seed)
    grid = np.stack(
        np.meshgrid(*(np.linspace(-1, 1, length) for length in (size, size, slices)), indexing="ij"), axis=-1
    )
    volume = 0.5 * inside(grid, np.zeros(3), np.array([0.85, 0.7, 1.6]), turn=0.0)
    for _ in range(ellipsoids):
        centre, half_axes = rng.uniform(-0.4, 0.4, 3), rng.uniform(0.05, 0.35, 3)
        volume += rng.uniform(-0.3, 0.3) * inside(grid, centre, half_axes, turn=rng.uniform(0, np.pi))
    return [Item("ellipsoids", normalised(TITLE, volume.clip(0)))]


def inside(grid: np.ndarray, centre: np.ndarray, half_axes: np.ndarray, turn: float) -> np.ndarray:
    """Return where the points (..., 3) lie in an ellipsoid turned by `turn` radians about its third axis."""
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    return (((grid - centre) @ rotation / half_axes) ** 2).sum(axis=-1) <= 1
