"""What methods that part a video into a background and what moves share.

Videos are H x W x T. As a matrix, HW x T, each frame is a column.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from benchmark.contract import Estimate

# The scale of the high-pass filter in pixels, and the value from which on the logarithm tells light from noise.
SCALE, DARK = 6.0, 0.02


def parts_of(video: np.ndarray, iterations: int | None = None, **parts: np.ndarray) -> Estimate:
    """Return an answer to the task `background` whose parts, as matrices or videos, get the video's shape."""
    shaped = {name: own.reshape(video.shape).astype(np.float32) for name, own in parts.items()}
    return Estimate(parts=shaped, iterations=iterations)


def projected(matrix: np.ndarray, rank: int) -> np.ndarray:
    """Return the best approximation of a given rank of a tall m x n matrix, by the n x n Gram matrix."""
    vectors = np.linalg.eigh(matrix.T @ matrix)[1][:, -rank:]
    return (matrix @ vectors) @ vectors.T


def light_and_reflectance(video: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the logarithm of a video as a smooth part, Gaussian of 6 pixels in each frame, and the rest.

    Light that changes slowly over the scene stands in the first, whatever its strength; the rest does not know of it.
    """
    logarithm = np.log(np.maximum(video, 0) + DARK)
    smooth = gaussian_filter(logarithm, (SCALE, SCALE, 0))
    return smooth, logarithm - smooth
