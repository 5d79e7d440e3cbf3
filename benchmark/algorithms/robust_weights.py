"""Weights of pixels, from 0 to 1, by the errors (q x p) that are left there, for each query on its own."""

import numpy as np

# Below this argument exp is zero in single precision; above its negative it overflows.
LARGEST = 80.0


def welsch(errors: np.ndarray, width: float) -> np.ndarray:
    """Return exp(-e^2 / 2 s^2), s^2 = `width` times the mean square of a query's errors; 1 where all are zero.

    The weights of the correntropy, or Welsch, loss 1 - exp(-e^2 / 2 s^2).
    """
    squares = errors**2
    mean = squares.mean(axis=1, keepdims=True)
    return np.exp(-np.divide(squares, 2 * width * mean, out=np.zeros_like(squares), where=mean > 0))


def logistic(errors: np.ndarray, share: float, steepness: float) -> np.ndarray:
    """Return 1 / (1 + exp(c (e^2 / d - 1))), d the ceil(share p)-th smallest square of a query, c the `steepness`.

    So a pixel of the square d has weight 1/2. Where d is zero, only errors of zero have weight.
    """
    squares = errors**2
    place = int(np.ceil(share * errors.shape[1])) - 1
    middle = np.partition(squares, place, axis=1)[:, place : place + 1]
    tiny = np.finfo(squares.dtype).tiny
    return 1 / (1 + np.exp(np.clip(steepness * (squares / np.maximum(middle, tiny) - 1), -LARGEST, LARGEST)))


def mean_scaled(errors: np.ndarray, steepness: float, offset: float = 1.0) -> np.ndarray:
    """Return 1 / (1 + c0 exp(b (|e| / m - 1))), m the mean of a query's |e|, b the `steepness`, c0 the `offset`.

    The weights of LUMIRC; where m is zero all are those of an error of zero.
    """
    sizes = np.abs(errors)
    mean = sizes.mean(axis=1, keepdims=True)
    scaled = np.divide(sizes, mean, out=np.zeros_like(sizes), where=mean > 0)
    return 1 / (1 + offset * np.exp(np.minimum(steepness * (scaled - 1), LARGEST)))
