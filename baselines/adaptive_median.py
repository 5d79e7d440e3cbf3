"""Adaptive median filter: outliers alone become the median of the smallest window whose median is no outlier itself.

The window around a pixel grows from 3 x 3 until its median lies strictly between its least and largest value. A pixel
that does so, too, is kept, and any other becomes the median; where even the largest window is not enough, the pixel
becomes the median of that.

Hwang and Haddad, Adaptive median filters: new algorithms and results, IEEE Transactions on Image Processing 4 (1995),
DOI 10.1109/83.370679: the first of its two filters, for impulses of both signs.
"""

import numpy as np

from benchmark.contract import Estimate, Problem
from benchmark.stacks import by_image

LABEL = "Adaptive median"
FAMILY = "filters and interpolation"
TASKS = {"outliers"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, largest: int = 13) -> Estimate:
    """Return the filtered images, of the shape observed; `largest` is the side of the largest window, in pixels."""
    return Estimate(signal=by_image(lambda image: filtered(image, largest), problem.observed))


def filtered(image: np.ndarray, largest: int) -> np.ndarray:
    """Return an image H x W with its outliers replaced."""
    padded = np.pad(image, largest // 2, mode="symmetric")
    rows, columns = (index.ravel() for index in np.indices(image.shape))
    result = image.copy()
    for side in range(3, largest + 1, 2):
        margin = largest // 2 - side // 2
        windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
        values = np.sort(windows[rows + margin, columns + margin].reshape(-1, side**2), axis=1)
        least, median, most = values[:, 0], values[:, side**2 // 2], values[:, -1]
        own = image[rows, columns]
        result[rows, columns] = np.where((least < own) & (own < most), own, median)
        growing = ~((least < median) & (median < most))
        result[rows[growing], columns[growing]] = median[growing]
        rows, columns = rows[growing], columns[growing]
    return result
