"""Parts of arrays that several data sets take: the centre of images and cubes, some of many entries."""

import numpy as np


def centre(values: np.ndarray, size: int | None) -> np.ndarray:
    """Return the central `size` x `size` pixels of an array h x w x ...; None keeps all.

    Raises ValueError if the array has fewer, or the size is no positive number.
    """
    if size is None:
        return values
    height, width = values.shape[:2]
    if not 1 <= size <= min(height, width):
        raise ValueError(f"a crop of {size} x {size} pixels does not fit into {height} x {width}")
    top, left = (height - size) // 2, (width - size) // 2
    return values[top : top + size, left : left + size]


def cropped(cube: np.ndarray, size: int | None = None, bands: int | None = None) -> np.ndarray:
    """Return the central `size` x `size` pixels and the first `bands` bands of a cube; None keeps all.

    Raises ValueError if the crop is empty or larger than the cube.
    """
    depth = cube.shape[2]
    if bands is not None and not 1 <= bands <= depth:
        raise ValueError(f"{bands} bands of a cube that has {depth}; give 1 to {depth}")
    return centre(cube, size)[..., :bands]


def spread(total: int, number: int | None = None) -> np.ndarray:
    """Return the indices of `number` of `total` entries at equal distances, the first and the last among them.

    None takes all. Raises ValueError if there are fewer.
    """
    if number is not None and not 1 <= number <= total:
        raise ValueError(f"{number} of {total} images; give 1 to {total}")
    return np.linspace(0, total - 1, number or total).round().astype(int)


def thinned(values: np.ndarray, every: int, axis: int = -1) -> np.ndarray:
    """Return the first entry along an axis, and each `every`-th after it; raises ValueError for less than 1."""
    if every < 1:
        raise ValueError(f"every is {every}; give 1, which takes all, or more")
    return np.take(values, range(0, values.shape[axis], every), axis)
