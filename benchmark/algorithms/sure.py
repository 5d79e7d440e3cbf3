"""Stein's unbiased risk estimate (SURE) of the soft-thresholding of singular values, and its minimiser.

Candes, Sing-Long and Trzasko, Unbiased risk estimates for singular value thresholding and spectral estimators, IEEE
Transactions on Signal Processing 61 (2013), DOI 10.1109/TSP.2013.2270464.
"""

import numpy as np


def risk_estimate(singular_values: np.ndarray, threshold: float, sigma: float, shape: tuple[int, int]) -> float:
    """Return SURE of soft-thresholding an m x n matrix: unbiased for the expected squared Frobenius error.

    -m n sigma^2 + sum_i min(t^2, s_i^2) + 2 sigma^2 div, for white noise of standard deviation `sigma` and the
    min(m, n) `singular_values` s in descending order. With K the number of s_i > t, the divergence is

    div = K + |m - n| sum_{i <= K} (1 - t / s_i) + 2 sum_{i < j <= K} (1 - t / (s_i + s_j))
          + 2 sum_{i <= K < j} s_i (s_i - t) / (s_i^2 - s_j^2),

    the paper's divergence with the two terms of each pair of kept values joined, so that equal ones are no singularity.
    """
    rows, columns = shape
    kept, lost = np.split(singular_values, [np.count_nonzero(singular_values > threshold)])
    pairs = 1 - threshold / np.add.outer(kept, kept)
    divergence = (
        len(kept)
        + abs(rows - columns) * np.sum(1 - threshold / kept)
        + pairs.sum()
        - pairs.trace()
        + 2 * np.sum((kept * (kept - threshold))[:, None] / np.subtract.outer(kept**2, lost**2))
    )
    misfit = np.sum(np.minimum(singular_values, threshold) ** 2)
    return float(misfit - rows * columns * sigma**2 + 2 * sigma**2 * divergence)


def best_threshold(singular_values: np.ndarray, sigma: float, shape: tuple[int, int]) -> float:
    """Return the threshold that minimises SURE, exactly: see `risk_estimate` for the arguments.

    Between two singular values SURE is a parabola K t^2 - 2 sigma^2 slope t + const, and it only jumps down where t
    passes one. So the least of the parabolas' minima, clipped to their intervals, is the least of all.
    """
    rows, columns = shape
    candidates = [singular_values[0]]
    for number in range(1, len(singular_values) + 1):
        kept, lost = np.split(singular_values, [number])
        upper, lower = kept[-1], lost[0] if len(lost) else 0.0
        if upper <= lower:
            continue
        sums = 1 / np.add.outer(kept, kept)
        slope = (
            abs(rows - columns) * np.sum(1 / kept)
            + sums.sum()
            - sums.trace()
            + 2 * np.sum(kept[:, None] / np.subtract.outer(kept**2, lost**2))
        )
        candidates.append(np.clip(sigma**2 * slope / number, lower, upper))
    return float(min(candidates, key=lambda threshold: risk_estimate(singular_values, threshold, sigma, shape)))
