"""Stacks of images: the layout H x W x N that bands, frames, slices and faces share; a matrix is a stack of one."""

from collections.abc import Callable

import numpy as np


def as_stack(signal: np.ndarray) -> np.ndarray:
    """Return a signal as H x W x N in double precision; a matrix H x W gets a last axis of length 1."""
    return signal.reshape(*signal.shape[:2], -1).astype(np.float64, copy=False)


def by_image(function: Callable[[np.ndarray], np.ndarray], signal: np.ndarray) -> np.ndarray:
    """Return the signal, H x W or H x W x N, with `function` applied to each of its images H x W."""
    images = np.moveaxis(as_stack(signal), 2, 0)
    return np.stack([function(image) for image in images], axis=2).reshape(signal.shape)
