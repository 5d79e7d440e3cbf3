"""Low-rank parts of what outliers hit: principal component pursuit of matrices, and of tensors by the t-SVD.

The methods `pcp` and `trpca` state the problems and their sources.
"""

import numpy as np
from scipy import fft

from benchmark.algorithms.proximal import soft_threshold
from benchmark.algorithms.randomised_svt import Threshold

# Of the penalty: its growth in an iteration, and its largest value, of matrices as a multiple of the first.
MATRIX_GROWTH, LARGEST = 1.1, 1e7
PENALTY, TENSOR_GROWTH, LARGEST_PENALTY = 1e-4, 1.1, 1e10


def tall_threshold(matrix: np.ndarray, threshold: float) -> np.ndarray:
    """Return a tall m x n matrix with its singular values soft-thresholded.

    They come from the n x n Gram matrix, which is far cheaper than the singular value decomposition, and known to 1e-8
    of the largest one. That is below the thresholds of this method.
    """
    squares, right = np.linalg.eigh(matrix.T @ matrix)
    kept = squares > threshold**2
    right = right[:, kept]
    return matrix @ ((right * (1 - threshold / np.sqrt(squares[kept]))) @ right.T)


def pursue_matrix(
    Y: np.ndarray, tolerance: float, iterations: int, threshold: Threshold = tall_threshold
) -> tuple[np.ndarray, int]:
    """Return the low-rank part of an m x n matrix, m >= n, and the number of iterations done.

    `threshold` soft-thresholds the singular values of a matrix.
    """
    weight = 1 / np.sqrt(max(Y.shape))
    norm, spectral = np.linalg.norm(Y), np.sqrt(np.linalg.eigvalsh(Y.T @ Y)[-1])
    if spectral == 0:
        return np.zeros_like(Y), 0
    multiplier = Y / max(spectral, np.abs(Y).max() / weight)
    penalty, largest = 1.25 / spectral, LARGEST * 1.25 / spectral
    sparse = np.zeros_like(Y)
    for iteration in range(1, iterations + 1):
        low_rank = threshold(Y - sparse + multiplier / penalty, 1 / penalty)
        remainder = Y - low_rank
        sparse = soft_threshold(remainder + multiplier / penalty, weight / penalty)
        remainder -= sparse
        if np.linalg.norm(remainder) <= tolerance * norm:
            return low_rank, iteration
        multiplier += penalty * remainder
        penalty = min(MATRIX_GROWTH * penalty, largest)
    return low_rank, iterations


def pursue_tensor(Y: np.ndarray, tolerance: float, iterations: int) -> tuple[np.ndarray, int]:
    """Return the low-rank part of a tensor given as n3 x n1 x n2, and the number of iterations done."""
    slices, *sides = Y.shape
    weight, penalty = 1 / np.sqrt(max(sides) * slices), PENALTY
    low_rank, sparse, multiplier = np.zeros((3, *Y.shape))
    for iteration in range(1, iterations + 1):
        previous, previous_sparse = low_rank, sparse
        low_rank = tubal_threshold(Y - sparse - multiplier / penalty, 1 / penalty)
        remainder = Y - low_rank
        sparse = soft_threshold(remainder - multiplier / penalty, weight / penalty)
        remainder -= sparse
        changes = (remainder, low_rank - previous, sparse - previous_sparse)
        if max(np.abs(change).max() for change in changes) <= tolerance:
            return low_rank, iteration
        multiplier -= penalty * remainder
        penalty = min(TENSOR_GROWTH * penalty, LARGEST_PENALTY)
    return low_rank, iterations


def tubal_threshold(tensor: np.ndarray, threshold: float) -> np.ndarray:
    """Return a tensor n3 x n1 x n2 with the singular values of its Fourier slices soft-thresholded.

    They come from the Gram matrices of the shorter side. The other half of the slices is the conjugate of this one.
    """
    if tensor.shape[1] < tensor.shape[2]:
        return tubal_threshold(tensor.swapaxes(1, 2), threshold).swapaxes(1, 2)
    slices = _coefficients(tensor)
    gram = slices.conj().swapaxes(1, 2) @ slices
    # The root of the norm bounds the singular values: most slices vanish at first, and need no decomposition.
    active = np.linalg.norm(gram, axis=(1, 2)) > threshold**2
    squares, vectors = np.linalg.eigh(gram[active])
    factors = 1 - threshold / np.sqrt(np.maximum(squares, threshold**2))
    kept = factors.any(axis=0)
    vectors, factors = vectors[..., kept], factors[:, None, kept]
    shrunk = np.zeros_like(slices)
    shrunk[active] = (slices[active] @ (vectors * factors)) @ vectors.conj().swapaxes(1, 2)
    return _coefficients(shrunk) / 2 if len(tensor) == 2 else fft.irfft(shrunk, n=len(tensor), axis=0)


def _coefficients(tensor: np.ndarray) -> np.ndarray:
    """Return the first half of the Fourier coefficients along the first axis: of two slices their sum and difference.

    These are real, and twice their own inverse; the general transform of so short an axis takes five times as long.
    """
    if len(tensor) == 2:
        return np.stack([tensor[0] + tensor[1], tensor[0] - tensor[1]])
    return fft.rfft(tensor, axis=0)
