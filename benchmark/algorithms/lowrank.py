"""Singular values of matrices, and of signals of more axes unfolded along the last one, in double precision."""

import numpy as np

from benchmark.contract import Factors


def unfold(signal: np.ndarray) -> np.ndarray:
    """Return the matrix of a signal, all axes but the last flattened: H x W x B becomes (H*W) x B, a matrix stays."""
    return signal.reshape(-1, signal.shape[-1]).astype(np.float64, copy=False)


def fold(left: np.ndarray, right: np.ndarray, shape: tuple[int, ...]) -> Factors:
    """Return the factors of a signal of `shape` H x W x B from those of its unfolding, (H*W) x r and B x r."""
    return left.reshape(*shape[:-1], left.shape[-1]), right


def centred(signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the unfolding (H*W) x B of a signal less its means, and the means (B,).

    These are the mean of each band of a cube, and of a matrix that of all entries: its column means would be as noisy
    as one more component.
    """
    matrix = unfold(signal)
    mean = np.broadcast_to(matrix.mean(axis=0 if signal.ndim > 2 else None), matrix.shape[1])
    return matrix - mean, mean


def right_singular(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the singular values of an m x n matrix in descending order, shape (k,), and V, n x k, k = min(m, n).

    The left side is `matrix @ V`, which is U with its columns scaled by the singular values.
    """
    # The triangle of a tall matrix has its singular values at full accuracy, and a far smaller decomposition.
    triangle = np.linalg.qr(matrix, mode="r")
    _, singular_values, adjoint = np.linalg.svd(triangle, full_matrices=False)
    return singular_values, adjoint.T


def truncated_svd(signal: np.ndarray, rank: int) -> Factors:
    """Minimise ||Y - A B^T||_F over the factors of rank `rank`, Y the unfolding of an H x W x B (or m x n) signal.

    Returns A as H x W x rank, orthogonal columns scaled by the singular values, and B as B x rank, orthonormal
    (Eckart and Young 1936, DOI 10.1007/BF02288367). Raises ValueError for a rank that Y cannot have.
    """
    matrix = unfold(signal)
    if not 1 <= rank <= min(matrix.shape):
        raise ValueError(
            f"rank {rank} of a {matrix.shape[0]} x {matrix.shape[1]} matrix: give 1 to {min(matrix.shape)}"
        )
    _, right = right_singular(matrix)
    kept = right[:, :rank]
    return fold(matrix @ kept, kept, signal.shape)


def frobenius_shrinkage(singular_values: np.ndarray, sigma: float, shape: tuple[int, int]) -> np.ndarray:
    """Return the singular values that asymptotically minimise the Frobenius loss under white noise of s.d. `sigma`.

    s -> sqrt((s^2 - (m + n) sigma^2)^2 - 4 m n sigma^4) / s above the noise's edge (sqrt(m) + sqrt(n)) sigma, else 0,
    for an m x n matrix (Gavish and Donoho 2017, equation 7, DOI 10.1109/TIT.2017.2653801).
    """
    rows, columns = shape
    excess = np.maximum(singular_values**2 - (rows + columns) * sigma**2, 0)
    root = np.sqrt(np.maximum(excess**2 - 4 * rows * columns * sigma**4, 0))
    return np.divide(root, singular_values, out=np.zeros_like(root), where=root > 0)


def signal_subspace(spectra: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis B x k of the signal's part of n spectra n x B with white noise of unit variance."""
    pixels, bands = spectra.shape
    eigenvalues, eigenvectors = np.linalg.eigh(spectra.T @ spectra / pixels)
    strongest_first = eigenvectors[:, ::-1]
    dimension = np.count_nonzero(eigenvalues > (1 + np.sqrt(bands / pixels)) ** 2)
    return strongest_first[:, : max(dimension, 1)]
