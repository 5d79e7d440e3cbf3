"""Stacks of matrices that say which of them methods learn from, for sketches of several sizes."""

from collections.abc import Iterable, Sequence

import numpy as np

from benchmark.contract import Item
from benchmark.seeds import seed_for


def parted(name: str, stack: np.ndarray, budgets: Sequence[int], splits: int, share: float) -> list[Item]:
    """Return a stack h x w x N for each budget and each of `splits` random training sets, a `share` of the matrices."""
    number = stack.shape[2]
    orders = [np.random.default_rng(seed_for(split, name)).permutation(number) for split in range(splits)]
    return [
        Item(f"m{budget}-{split}", stack, budget=budget, extras={"training": order < round(share * number)})
        for budget in budgets
        for split, order in enumerate(orders)
    ]


def moved(training: np.ndarray, tests: Iterable[tuple[str, np.ndarray]], budgets: Sequence[int]) -> list[Item]:
    """Return a stack for each budget and each named test stack: the training matrices, and then those of the test.

    Stacks are h x w x N, with values up to 1, and are cropped to the height and width that both have.
    """
    items = []
    for name, test in tests:
        height, width = np.minimum(training.shape[:2], test.shape[:2])
        both = np.concatenate([training[:height, :width], test[:height, :width]], axis=2).astype(np.float32)
        marks = np.arange(both.shape[2]) < training.shape[2]
        items += [
            Item(f"m{budget}-{name}", both / both.max(), budget=budget, extras={"training": marks})
            for budget in budgets
        ]
    return items


def windows_of(image: np.ndarray, size: int, number: int) -> np.ndarray:
    """Return `number` x `number` windows, size x size pixels, of an image at equal distances, along a last axis."""
    rows, columns = (np.linspace(0, side - size, number).round().astype(int) for side in image.shape)
    return np.stack([image[r : r + size, c : c + size] for r in rows for c in columns], axis=2)
