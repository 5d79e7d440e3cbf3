"""Splits a cube into a part that is of low rank and smooth, and a sparse part: total-variation low-rank (LRTV).

min ||L||_* + tv sum_b TV(X_b) + lambda ||E||_1 over L = X and Y = L + E with rank(L) at most the problem's, where Y is
the observation, unfolded to (height * width) x bands, and X_b the image of band b. Returns L.

He et al., Total-variation-regularized low-rank matrix factorization for hyperspectral image restoration, IEEE
Transactions on Geoscience and Remote Sensing 54 (2016), DOI 10.1109/TGRS.2015.2452812.

Solved by the inexact augmented Lagrangian method with the authors' settings: bands scaled to [0, 1], tv = 0.01, lambda
= 10 / sqrt(height * width), a penalty of 0.01, times 1.5 an iteration, 40 iterations at most, tolerance 1e-6, and 20
steps for the total variation of each image, here of Chambolle's method as scikit-image has it
(DOI 10.1023/B:JMIV.0000011325.36760.1e). Departure: X starts from the observation, theirs from random numbers.

The noise is assumed to be Gaussian and sparse, and no level of it is needed. A matrix is an image that is itself of low
rank.
"""

from functools import partial

import numpy as np
from skimage.restoration import denoise_tv_chambolle

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.lowrank import right_singular, unfold
from benchmark.algorithms.proximal import soft_threshold
from benchmark.contract import Estimate, Problem
from benchmark.stacks import as_stack, by_image

LABEL = "LRTV"
FAMILY = "total variation"
TASKS = {"denoise"}
DEVICES = {"cpu"}

ITERATIONS, TOLERANCE = 40, 1e-6
PENALTY, GROWTH = 0.01, 1.5
VARIATION_STEPS = 20


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    tv: float = 0.01,
    sparsity: float = 10.0,
) -> Estimate:
    """Return the signal, of shape H x W or H x W x B; lambda is `sparsity` / sqrt(height * width)."""
    observed, rank = problem.observed, rank_of("lrtv", problem)
    scaled, offset, span = scale_bands(as_stack(observed))
    weight = sparsity / np.sqrt(scaled.shape[0] * scaled.shape[1])
    low_rank, _, iterations = decompose(scaled.reshape(observed.shape), rank, tv, weight)
    return Estimate(signal=(as_stack(low_rank) * span + offset).reshape(observed.shape), iterations=iterations)


def scale_bands(stack: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a stack H x W x N with each band scaled to [0, 1], and the least value and span of each, of shape (N,)."""
    least, largest = stack.min(axis=(0, 1)), stack.max(axis=(0, 1))
    span = np.where(largest > least, largest - least, 1.0)
    return (stack - least) / span, least, span


def decompose(signal: np.ndarray, rank: int, tv: float, sparsity: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the parts L and E of a signal H x W or H x W x B, of its shape, and the number of iterations.

    L has at most the given rank, unfolded; `tv` and `sparsity` weigh the total variation and the l1 norm.
    """
    smooth, sparse = signal, np.zeros_like(signal)
    # The multipliers of L = X and of Y = L + E.
    tie, fit = np.zeros_like(signal), np.zeros_like(signal)
    norm = np.linalg.norm(signal)
    for iteration in range(ITERATIONS):
        penalty = PENALTY * GROWTH**iteration
        target = (smooth + signal - sparse + (fit - tie) / penalty) / 2
        low_rank = shrink_rank(unfold(target), 1 / (2 * penalty), rank).reshape(signal.shape)
        smooth = shrink_variation(low_rank + tie / penalty, tv / penalty)
        sparse = soft_threshold(signal - low_rank + fit / penalty, sparsity / penalty)
        difference, misfit = low_rank - smooth, signal - low_rank - sparse
        if np.abs(difference).max() < TOLERANCE and np.linalg.norm(misfit) < TOLERANCE * norm:
            break
        tie += penalty * difference
        fit += penalty * misfit
    return low_rank, sparse, iteration + 1


def shrink_rank(matrix: np.ndarray, threshold: float, rank: int) -> np.ndarray:
    """Return an m x n matrix with its singular values soft-thresholded, and those after the first `rank` at zero."""
    singular_values, right = right_singular(matrix)
    kept = np.flatnonzero(singular_values[:rank] > threshold)
    return (matrix @ (right[:, kept] * (1 - threshold / singular_values[kept]))) @ right[:, kept].T


def shrink_variation(signal: np.ndarray, weight: float) -> np.ndarray:
    """Return the signal, H x W or H x W x B, after the proximal step of `weight` times the variation of each image."""
    if weight == 0:
        return signal
    step = partial(denoise_tv_chambolle, weight=weight, max_num_iter=VARIATION_STEPS)
    return by_image(lambda image: step(np.ascontiguousarray(image)), signal)
