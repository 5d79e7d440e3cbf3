"""What methods against salt and pepper share: which entries may be corrupted, and a harder copy with known ones."""

import numpy as np
from scipy.ndimage import uniform_filter

from benchmark.algorithms.held_out import hold_out

# How far, in pixels, zeros and ones have to reach around one for it to be the image's own.
REACH = 3
# The share of the intact entries that are replaced.
HIDDEN = 0.02


def suspects(observed: np.ndarray) -> np.ndarray:
    """Return a boolean array, true at the entries that are exactly 0 or 1: all corrupted ones, and few clean ones."""
    return (observed == 0) | (observed == 1)


def flat(observed: np.ndarray) -> np.ndarray:
    """Return a boolean array, true at the zeros and ones of the majority where all within `REACH` pixels are such.

    Images (H, W) or (H, W, B) have black and white parts, whose entries are no outliers.
    """
    size = 2 * REACH + 1
    dark, bright = (uniform_filter((observed == value).astype(np.float64), size, axes=(0, 1)) for value in (0, 1))
    alone = dark + bright > 1 - 0.5 / size**2
    return alone & (observed == np.where(bright > dark, 1, 0))


def with_hidden_entries(observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a copy with `HIDDEN` of the intact entries replaced by 0 or 1, and a boolean array, true at these.

    To a method they are outliers like the others, so that its error there, which needs no truth, is the error that it
    makes in place of outliers. The draw is always the same: a choice that rests on it needs no seed.
    """
    hidden = hold_out(observed.shape, seed=0, share=HIDDEN) & ~suspects(observed)
    harder = observed.copy()
    harder[hidden] = np.random.default_rng(1).integers(2, size=np.count_nonzero(hidden))
    return harder, hidden
