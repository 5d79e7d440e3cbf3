"""The k-support norm: the tightest convex penalty for vectors with k entries and a bounded Euclidean norm.

(||c||_k)^2 = min {sum_i c_i^2 / theta_i : 0 < theta_i <= 1, sum_i theta_i <= k}, which is the squared l1 norm at k = 1
and the squared l2 norm at k = d. Argyriou, Foygel and Srebro, Sparse prediction with the k-support norm, Advances in
Neural Information Processing Systems 2012, arXiv 1204.5043; in this form McDonald, Pontil and Stamos, New perspectives
on k-support and cluster norms, Journal of Machine Learning Research 17 (2016), arXiv 1512.08204.
"""

import numpy as np


def shrink(values: np.ndarray, k: int, weight: float) -> np.ndarray:
    """Return argmin over w of ||w - values||^2 / 2 + weight / 2 (||w||_k)^2, of any shape.

    It is values * theta / (theta + weight), theta_i = a |v_i| - weight clipped to 0 and 1, with the a of which they sum
    up to k: the largest entries keep 1 / (1 + weight) of their size, and small ones vanish.
    """
    # Of single precision is what is sorted, twice as fast: it fixes one number, a.
    magnitudes = np.sort(np.abs(values).astype(np.float32), axis=None)
    if np.count_nonzero(magnitudes) <= k:
        return values / (1 + weight)
    theta = np.clip(_slope(magnitudes, k, weight) * np.abs(values) - weight, 0, 1)
    return values * (theta / (theta + weight))


def _slope(magnitudes: np.ndarray, k: int, weight: float) -> float:
    """Return the a at which sum_i clip(a m_i - weight, 0, 1) is k, for ascending m, more than k of them positive."""
    sums = np.concatenate([[0.0], np.cumsum(magnitudes, dtype=np.float64)])

    def middle(slope: float) -> tuple[int, int]:
        """Return the range of the entries that are clipped at neither end."""
        return tuple(np.searchsorted(magnitudes, [weight / slope, (1 + weight) / slope], side="right"))

    low, high = weight / magnitudes[-1], (1 + weight) / magnitudes[-k]
    for _ in range(100):
        slope = (low + high) / 2
        start, end = middle(slope)
        total = slope * (sums[end] - sums[start]) - weight * (end - start) + len(magnitudes) - end
        low, high = (slope, high) if total < k else (low, slope)
        if high - low <= 1e-12 * high:
            break
    return high
