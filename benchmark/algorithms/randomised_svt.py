"""Soft-thresholding of the singular values of a matrix from a sketch of its range, once or in every step of a loop.

Oh, Matsushita, Tai and Kweon, Fast randomized singular value thresholding for low-rank optimization, IEEE Transactions
on Pattern Analysis and Machine Intelligence 40 (2018), DOI 10.1109/TPAMI.2017.2677440.
"""

from collections.abc import Callable

import numpy as np

# From a matrix and a threshold to the matrix with its singular values soft-thresholded.
Threshold = Callable[[np.ndarray, float], np.ndarray]

# Of a loop: random directions beside those of the last step.
OVERSAMPLING = 10


def sketched_basis(matrix: np.ndarray, directions: np.ndarray, power_iterations: int) -> np.ndarray:
    """Return an orthonormal basis, m x k, of the range of (A A^T)^q A D for an m x n matrix A and n x k directions."""
    basis, _ = np.linalg.qr(matrix @ directions)
    for _ in range(power_iterations):
        # Orthonormal between the powers, so that small singular values are not lost to rounding.
        basis, _ = np.linalg.qr(matrix @ (matrix.T @ basis))
    return basis


def thresholded(matrix: np.ndarray, threshold: float, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return factors, m x r and n x r, of the soft-thresholded projection of an m x n matrix onto an m x k basis."""
    rows, triangle = np.linalg.qr(matrix.T @ basis)
    left, singular_values, right = np.linalg.svd(triangle.T)
    kept = singular_values > threshold
    return basis @ (left[:, kept] * (singular_values[kept] - threshold)), rows @ right[kept].T


def warm_threshold(seed: int) -> Threshold:
    """Return a thresholding for the steps of a loop, whose matrices change little from one to the next.

    Each starts from the right singular vectors that the last one kept, and ten random directions, and does one power
    iteration: so many columns are the rank that it predicts, that of the last step and ten more. Where none of them
    falls below the threshold the rank may be higher, and it is done again with twice as many.
    """
    rng, known = np.random.default_rng(seed), None

    def threshold_warmly(matrix: np.ndarray, threshold: float) -> np.ndarray:
        nonlocal known
        kept, most, extra = np.zeros((matrix.shape[1], 0)) if known is None else known, min(matrix.shape), OVERSAMPLING
        while True:
            size = min(kept.shape[1] + extra, most)
            directions = np.hstack([kept, rng.standard_normal((matrix.shape[1], extra))])[:, :size]
            left, right = thresholded(matrix, threshold, sketched_basis(matrix, directions, power_iterations=1))
            if right.shape[1] < size or size == most:
                known = right
                return left @ right.T
            kept, extra = right, size

    return threshold_warmly
