"""Choice of a parameter without the truth: by the error at entries of the observation that the fit did not see."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

Setting = TypeVar("Setting")


def hold_out(shape: tuple[int, ...], seed: int, share: float = 0.05) -> np.ndarray:
    """Return a boolean array of `shape`, true at a random `share` of the entries (one at least): those held out."""
    size = int(np.prod(shape))
    held = np.zeros(size, dtype=bool)
    held[np.random.default_rng(seed).choice(size, size=max(1, round(share * size)), replace=False)] = True
    return held.reshape(shape)


def error_at(held: np.ndarray, observed: np.ndarray, prediction: np.ndarray) -> float:
    """Return the mean square difference of a prediction to the observation at the entries held out."""
    return float(np.mean((prediction[held] - observed[held]) ** 2, dtype=np.float64))


def best_setting(
    settings: Sequence[Setting], predict: Callable[[Setting], np.ndarray], observed: np.ndarray, held: np.ndarray
) -> Setting:
    """Return the setting with the smallest error at the entries held out.

    `predict` fits to the other entries and returns a prediction of all of them. The first of equal settings wins.
    """
    errors = [error_at(held, observed, predict(setting)) for setting in settings]
    return settings[int(np.argmin(errors))]


def best_iteration(predictions: Iterable[np.ndarray], observed: np.ndarray, held: np.ndarray, patience: int) -> int:
    """Return the number, from 1, of the iterate with the smallest error at the entries held out.

    `predictions` yields that of each iterate; it is left off `patience` iterates after the best one.
    """
    best, least = 0, np.inf
    for number, prediction in enumerate(predictions, start=1):
        error = error_at(held, observed, prediction)
        if error < least:
            best, least = number, error
        elif number - best >= patience:
            break
    if best == 0:
        raise ValueError("no iterate has a finite error at the entries held out")
    return best
