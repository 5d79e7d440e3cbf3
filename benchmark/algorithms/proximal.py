"""Proximal operators that several methods share."""

import numpy as np


def soft_threshold(values: np.ndarray, threshold: np.ndarray | float) -> np.ndarray:
    """Return sign(v) max(|v| - threshold, 0), the proximal operator of `threshold` times the l1 norm; any shape."""
    return np.sign(values) * np.maximum(np.abs(values) - threshold, 0)


def singular_value_threshold(matrix: np.ndarray, threshold: float) -> np.ndarray:
    """Return the m x n matrix with its singular values soft-thresholded, the proximal operator of the nuclear norm.

    Cai, Candes and Shen 2010, DOI 10.1137/080738970.
    """
    left, singular_values, right = np.linalg.svd(matrix, full_matrices=False)
    return (left * np.maximum(singular_values - threshold, 0)) @ right


def shrunk_images(rows: np.ndarray, shape: tuple[int, int], thresholds: np.ndarray | float) -> np.ndarray:
    """Return rows (q x hw), each an image of `shape` h x w, with the singular values of each image soft-thresholded.

    `thresholds` is one number, or q x min(h, w) for the singular values in ascending order. They come from the Gram
    matrices of the shorter side, all at once.
    """
    images = rows.reshape(-1, *shape)
    if shape[0] < shape[1]:
        images = images.swapaxes(1, 2)
    squares, vectors = np.linalg.eigh(images.swapaxes(1, 2) @ images)
    values = np.sqrt(np.maximum(squares, np.finfo(rows.dtype).tiny))
    factors = np.maximum(1 - (thresholds / values).astype(rows.dtype), 0)
    shrunk = images @ ((vectors * factors[:, None]) @ vectors.swapaxes(1, 2))
    return (shrunk if shape[0] >= shape[1] else shrunk.swapaxes(1, 2)).reshape(rows.shape)
