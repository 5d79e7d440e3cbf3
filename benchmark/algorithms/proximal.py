"""Proximal operators that several methods share."""

import numpy as np


def soft_threshold(values: np.ndarray, threshold: float) -> np.ndarray:
    """Return sign(v) max(|v| - threshold, 0), the proximal operator of `threshold` times the l1 norm; any shape."""
    return np.sign(values) * np.maximum(np.abs(values) - threshold, 0)


def singular_value_threshold(matrix: np.ndarray, threshold: float) -> np.ndarray:
    """Return the m x n matrix with its singular values soft-thresholded, the proximal operator of the nuclear norm.

    Cai, Candes and Shen 2010, DOI 10.1137/080738970.
    """
    left, singular_values, right = np.linalg.svd(matrix, full_matrices=False)
    return (left * np.maximum(singular_values - threshold, 0)) @ right
