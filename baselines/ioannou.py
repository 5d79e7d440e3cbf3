"""Replaces filters by columns and rows side by side, whose outputs are combined: a basis of both orientations.

Half of the R filters are h x 1 and half 1 x w, each through the middle; a convolution of single pixels makes N channels
of them. The two halves are fitted to the kernel in turns, each the best of its rank for what the other leaves of the
cross that they cover; what lies outside of the cross is lost.

Ioannou, Robertson, Shotton, Cipolla and Criminisi, Training CNNs with low-rank filters for efficient image
classification, ICLR 2016, arXiv 1511.06744. Our reading: the paper trains such layers from scratch, and here they start
from the trained kernel. Rank: the largest that the budget allows.
"""

import numpy as np

from benchmark.algorithms.layers import Factored, Layer, Stage, compressed, halves, largest, needs_pixels
from benchmark.contract import Estimate, Problem, Skipped

LABEL = "Columns and rows (Ioannou), our reading"
FAMILY = "separable filters"
TASKS = {"compress", "speed"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, sweeps: int = 20) -> Estimate:
    """Return two branches of two convolutions for each layer; `sweeps` are the turns."""
    return compressed(problem, lambda layer: factorise(layer, sweeps))


def factorise(layer: Layer, sweeps: int) -> Factored:
    """Return the two branches of a layer with a middle pixel."""
    needs_pixels(layer)
    outputs, inputs, height, width = layer.sizes
    if height % 2 == 0 or width % 2 == 0:
        raise Skipped(f"its filters go through the middle, and a kernel of {height} x {width} pixels has none")
    most = min(outputs, inputs * min(height, width))
    rank = largest(layer.budget, lambda rank: rank * (inputs * (height + width) + 2 * outputs), most)
    columns, rows = layer.kernel[..., width // 2], layer.kernel[:, :, height // 2]
    found = np.zeros_like(rows)
    for _ in range(sweeps):
        vertical = halves(without_middle(columns, found, height).reshape(outputs, -1), rank)
        found_columns = (vertical[0] @ vertical[1]).reshape(columns.shape)
        horizontal = halves(without_middle(rows, found_columns, width).reshape(outputs, -1), rank)
        found = (horizontal[0] @ horizontal[1]).reshape(rows.shape)
    branches = [
        [Stage(right.reshape(rank, inputs, *shape)), Stage(left[..., None, None])]
        for (left, right), shape in ((vertical, (height, 1)), (horizontal, (1, width)))
    ]
    return Factored(branches)


def without_middle(wanted: np.ndarray, other: np.ndarray, length: int) -> np.ndarray:
    """Return filters (N x C x length) less what others, of the other orientation, make of their middle pixel."""
    left = wanted.copy()
    left[..., length // 2] -= other[..., other.shape[-1] // 2]
    return left
