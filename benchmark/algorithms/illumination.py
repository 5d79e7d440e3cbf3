"""A video, in several representations at once, as a background of low rank, what moves, and a change of light.

The methods `ilisd` and `tlisd` state the problems and their sources. Tensors are m x HW x T, a slice for each
representation, and a frame of it in each column.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from benchmark.algorithms import k_support
from benchmark.algorithms.robust_pca import LARGEST, MATRIX_GROWTH, tubal_threshold

# Of the weights: the multiple of the noise of the map at which they are 1, and their range.
NOISES, RANGE = 3, (0.35, 3)


def weights_of(reflectance: np.ndarray) -> np.ndarray:
    """Return how much it shall cost that a pixel of a video moves (h x w x t): less where its reflectance changes.

    That is 3 s / g, clipped to 0.35 and 3, where g is the distance of the reflectance to its temporal median, a
    Gaussian of 1 pixel in each frame, and s 1.4826 times the median of g.
    """
    distances = np.abs(reflectance - np.median(reflectance, axis=2, keepdims=True))
    distances = gaussian_filter(distances, (1, 1, 0))
    noise = 1.4826 * np.median(distances)
    return np.clip(NOISES * noise / np.maximum(distances, np.finfo(float).tiny), *RANGE)


def separate(
    tensor: np.ndarray,
    sparsity: np.ndarray | float,
    light: float | None,
    share: float,
    tolerance: float = 1e-4,
    iterations: int = 100,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Minimise ||L||_* + sum_pt lambda_pt ||S(:, p, t)|| + light sum_i (||C_i||_k)^2 subject to L + S + C = D.

    ||L||_* is the tensor nuclear norm with the Fourier transform along the first axis, of the tensor `tensor`, D,
    m x p x t; `sparsity` is lambda, one number or p x t, and k a `share` of the entries of a slice. Without `light`
    there is no C. Returns L, S, C and the number of iterations of the alternating direction method of multipliers. Its
    penalty grows as that of `pursue_matrix`: for three blocks no theorem says that it converges, and that ends it.
    """
    norm, spectral = np.linalg.norm(tensor), _spectral_norm(tensor)
    if spectral == 0:
        return np.zeros_like(tensor), np.zeros_like(tensor), np.zeros_like(tensor), 0
    multiplier = tensor / max(spectral, np.abs(tensor).max() / np.min(sparsity))
    penalty, largest = 1.25 / spectral, LARGEST * 1.25 / spectral
    sparse, change = np.zeros_like(tensor), np.zeros_like(tensor)
    k = max(round(share * tensor[0].size), 1)
    for iteration in range(1, iterations + 1):
        shifted = tensor + multiplier / penalty
        low_rank = tubal_threshold(shifted - sparse - change, 1 / penalty)
        remainder = shifted - low_rank
        sparse = group_threshold(remainder - change, sparsity / penalty)
        remainder -= sparse
        if light is not None:
            change = np.stack([k_support.shrink(own, k, 2 * light / penalty) for own in remainder])
        remainder = tensor - low_rank - sparse - change
        if np.linalg.norm(remainder) <= tolerance * norm:
            return low_rank, sparse, change, iteration
        multiplier += penalty * remainder
        penalty = min(MATRIX_GROWTH * penalty, largest)
    return low_rank, sparse, change, iterations


def group_threshold(tensor: np.ndarray, threshold: np.ndarray | float) -> np.ndarray:
    """Return a tensor whose vectors along the first axis are shortened by a threshold, to zero where they are shorter.

    The proximal operator of the sum of their Euclidean norms; of one slice it is soft thresholding.
    """
    lengths = np.linalg.norm(tensor, axis=0)
    return tensor * np.maximum(1 - threshold / np.maximum(lengths, np.finfo(float).tiny), 0)


def _spectral_norm(tensor: np.ndarray) -> float:
    """Return the largest singular value of the Fourier slices."""
    slices = np.fft.rfft(tensor, axis=0)
    return float(np.sqrt(max(np.linalg.eigvalsh(own.conj().T @ own)[-1] for own in slices)))
