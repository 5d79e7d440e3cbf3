"""Coded exposures that open each pixel in at most one frame: their measurements are single entries of the video."""

import numpy as np

from benchmark.algorithms.held_out import hold_out
from benchmark.contract import Operator, Skipped


def samples_of(observed: np.ndarray, operator: Operator) -> tuple[np.ndarray, np.ndarray]:
    """Return the entries that are measured, H x W x T and zero elsewhere, and where they are.

    Raises Skipped where a measurement sums up to several frames.
    """
    code = operator.adjoint(np.ones(observed.shape))
    sampled = code != 0
    inverse = np.divide(1, code, out=np.zeros_like(code), where=sampled)
    most = round(float(operator(inverse).max()))
    if most > 1:
        raise Skipped(
            f"a measurement sums up to {most} frames: interpolation needs a code that opens one frame of each exposure"
        )
    return inverse**2 * operator.adjoint(observed), sampled


def split(observed: np.ndarray, sampled: np.ndarray, operator: Operator, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which samples, H x W x T, to fit to, and which measurements are held out, to choose a setting by."""
    held = hold_out(observed.shape, seed)
    return sampled & (operator.adjoint((~held).astype(np.float64)) != 0), held
