"""The k-support norm: the tightest convex penalty for vectors with k entries and a bounded Euclidean norm.

(||c||_k)^2 = min {sum_i c_i^2 / theta_i : 0 < theta_i <= 1, sum_i theta_i <= k}, which is the squared l1 norm at k = 1
and the squared l2 norm at k = d. Argyriou, Foygel and Srebro, Sparse prediction with the k-support norm, Advances in
Neural Information Processing Systems 2012, arXiv 1204.5043; in this form McDonald, Pontil and Stamos, New perspectives
on k-support and cluster norms, Journal of Machine Learning Research 17 (2016), arXiv 1512.08204.
"""

import numpy as np
from scipy.optimize import brentq


def shrink(values: np.ndarray, k: int, weight: float) -> np.ndarray:
    """Return argmin over w of ||w - values||^2 / 2 + weight / 2 (||w||_k)^2, of any shape.

    It is values * theta / (theta + weight), theta_i = a |v_i| - weight clipped to 0 and 1, with the a of which they sum
    up to k: the largest entries keep 1 / (1 + weight) of their size, and small ones vanish.
    """
    magnitudes = np.abs(values).ravel()
    if np.count_nonzero(magnitudes) <= k:
        return values / (1 + weight)
    theta = np.clip(_slope(magnitudes, k, weight) * np.abs(values) - weight, 0, 1)
    return values * (theta / (theta + weight))


def _slope(magnitudes: np.ndarray, k: int, weight: float) -> float:
    """Return the a at which sum_i clip(a m_i - weight, 0, 1) is k, for m of which more than k are positive."""
    theta = np.empty_like(magnitudes)

    def excess(slope: float) -> float:
        np.multiply(magnitudes, slope, out=theta)
        np.subtract(theta, weight, out=theta)
        return np.clip(theta, 0, 1, out=theta).sum() - k

    # There k of the terms are 1; a little more, for the rounding.
    high = 1.001 * (1 + weight) / np.partition(magnitudes, -k)[-k]
    return brentq(excess, weight / magnitudes.max(), high, xtol=1e-300, rtol=1e-12)
