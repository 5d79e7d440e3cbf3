"""Minimises ||L||_* + lambda ||S||_1 subject to L + S = Y in the tensor nuclear norm: tensor robust PCA by the t-SVD.

||L||_* is the mean over the n3 Fourier coefficients along the third axis of the nuclear norms of their n1 x n2 slices;
lambda = 1 / sqrt(max(n1, n2) n3), as the theory has it. The solver is the alternating direction method of multipliers.

Lu et al., Tensor robust principal component analysis with a new tensor nuclear norm, IEEE Transactions on Pattern
Analysis and Machine Intelligence 42 (2020), DOI 10.1109/TPAMI.2019.2891760, with its mu = 1e-4, growing by 1.1 up to
1e10. A stack of images stands as H x N x W, each image a lateral slice, the convention of the t-product for collections
of images (Hao, Kilmer, Braman and Hoover 2013, DOI 10.1137/110842570).

Departure from the paper: it stops at a largest change, and a largest residual, of 1e-8; here, where the signal's peak
is 1, they are 1e-5, far below a grey level.
"""

from collections.abc import Sequence

import numpy as np
from scipy import fft

from benchmark.algorithms.proximal import soft_threshold
from benchmark.contract import Estimate, Problem
from benchmark.stacks import as_stack

LABEL = "TRPCA"
FAMILY = "robust PCA"
TASKS = {"outliers"}
DEVICES = {"cpu"}

PENALTY, GROWTH, LARGEST_PENALTY = 1e-4, 1.1, 1e10


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    axes: Sequence[int] = (0, 2, 1),
    tolerance: float = 1e-5,
    iterations: int = 500,
) -> Estimate:
    """Return the low-rank part, of the shape observed; `axes` are those of H x W x N in the order n1, n2, n3.

    A single image stands as H x W x 1 in any case, which makes this PCP.
    """
    stack = as_stack(problem.observed)
    first, second, third = axes if stack.shape[2] > 1 else (0, 1, 2)
    order = (third, first, second)
    low_rank, done = pursue(stack.transpose(order), tolerance, iterations)
    return Estimate(signal=low_rank.transpose(np.argsort(order)).reshape(problem.observed.shape), iterations=done)


def pursue(Y: np.ndarray, tolerance: float, iterations: int) -> tuple[np.ndarray, int]:
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
        penalty = min(GROWTH * penalty, LARGEST_PENALTY)
    return low_rank, iterations


def tubal_threshold(tensor: np.ndarray, threshold: float) -> np.ndarray:
    """Return a tensor n3 x n1 x n2 with the singular values of its Fourier slices soft-thresholded.

    They come from the Gram matrices of the shorter side. The other half of the slices is the conjugate of this one.
    """
    if tensor.shape[1] < tensor.shape[2]:
        return tubal_threshold(tensor.swapaxes(1, 2), threshold).swapaxes(1, 2)
    slices = fft.rfft(tensor, axis=0)
    gram = slices.conj().swapaxes(1, 2) @ slices
    # The root of the norm bounds the singular values: most slices vanish at first, and need no decomposition.
    active = np.linalg.norm(gram, axis=(1, 2)) > threshold**2
    squares, vectors = np.linalg.eigh(gram[active])
    factors = 1 - threshold / np.sqrt(np.maximum(squares, threshold**2))
    kept = factors.any(axis=0)
    vectors, factors = vectors[..., kept], factors[:, None, kept]
    shrunk = np.zeros_like(slices)
    shrunk[active] = (slices[active] @ (vectors * factors)) @ vectors.conj().swapaxes(1, 2)
    return fft.irfft(shrunk, n=len(tensor), axis=0)
