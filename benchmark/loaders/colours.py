"""Images in colour, made grey."""

import numpy as np

LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue, by ITU-R BT.601


def luminance(image: np.ndarray) -> np.ndarray:
    """Return the luminance, h x w, of an image h x w x 3 on the same scale."""
    return image @ np.array(LUMINANCE)
