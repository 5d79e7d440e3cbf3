"""Stacks of matrices that say which of them methods learn from, for sketches of several sizes."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import skimage.data
from skimage.transform import resize

from benchmark.contract import Item
from benchmark.seeds import seed_for

PHOTOGRAPHS = ("camera", "brick", "grass", "gravel")
# Of the photographs, 512 x 512 pixels, which are halved; and how many windows of each there are along an axis.
REDUCED, WINDOWS = (256, 256), 5


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

    Stacks are h x w x N with values up to 1, all of one height and width.
    """
    items = []
    for name, test in tests:
        both = np.concatenate([training, test], axis=2).astype(np.float32)
        marks = np.arange(both.shape[2]) < training.shape[2]
        items += [
            Item(f"m{budget}-{name}", both / both.max(), budget=budget, extras={"training": marks})
            for budget in budgets
        ]
    return items


def photographed(size: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the 25 windows, size x size x 25, of photographs that scikit-image ships."""
    for name in PHOTOGRAPHS:
        yield name, windows_of(resize(getattr(skimage.data, name)() / 255, REDUCED, anti_aliasing=True), size, WINDOWS)


def windows_of(image: np.ndarray, size: int, number: int) -> np.ndarray:
    """Return `number` x `number` windows, size x size pixels, of an image at equal distances, along a last axis."""
    rows, columns = (np.linspace(0, side - size, number).round().astype(int) for side in image.shape)
    return np.stack([image[r : r + size, c : c + size] for r in rows for c in columns], axis=2)
