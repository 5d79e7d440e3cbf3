"""Clean signals for the tiny problems of the tasks, that a competent method recovers from noise."""

import numpy as np


def smooth_stack(*shape: int) -> np.ndarray:
    """Return a stack H x W x N of rank 2 (of rank 1 for one image) with values from about 0.1 to 1."""
    rows, columns, images = (np.linspace(0, 1, size) for size in shape)
    first = np.multiply.outer(1 + np.sin(3 * rows), 1 + columns)
    second = np.multiply.outer(rows**2, np.cos(2 * columns) ** 2)
    stack = np.multiply.outer(first, 1 + images) + 3 * np.multiply.outer(second, 1 - images)
    return stack / stack.max()


def disc_stack(*shape: int) -> np.ndarray:
    """Return slices H x W x N of a body that no projection misses: a smooth disc, brighter from slice to slice."""
    rows, columns, slices = (np.linspace(-1, 1, size) for size in shape)
    distance = np.hypot(*np.meshgrid(rows, columns, indexing="ij"))
    stack = np.multiply.outer(np.clip(3 * (0.8 - distance), 0, 1) * (1 - distance / 2), 1 + (slices + 1) / 2)
    return stack / stack.max()


def pattern_samples(*shape: int, positive: bool) -> np.ndarray:
    """Return samples, along the first axis of `shape`, of two patterns: not negative, or of zero mean over a sample."""
    rng = np.random.default_rng(7)
    number, *rest = shape
    position = np.linspace(0, 1, int(np.prod(rest)))
    patterns = np.stack([1 + np.sin(6 * position), position**2])
    coefficients = rng.gamma(1.0, size=(number, 2))
    if not positive:
        patterns, coefficients = patterns - patterns.mean(axis=1, keepdims=True), rng.standard_normal((number, 2))
    values = coefficients @ patterns
    return (values / values.max()).reshape(shape)
