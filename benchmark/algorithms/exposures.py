"""Coded exposures that open each pixel in at most one frame: their measurements are single entries of the video."""

import numpy as np

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
