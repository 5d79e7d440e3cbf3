"""Principal components of samples, as a method finds them and as the judge of bases takes them for the truth."""

import numpy as np
from sklearn.decomposition import PCA

from benchmark.samples import check_rank


def principal_components(samples: np.ndarray, rank: int) -> np.ndarray:
    """Return the `rank` leading components of n x p samples as orthonormal rows, by scikit-learn's exact solver."""
    check_rank(rank, min(samples.shape), samples)
    return PCA(n_components=rank, svd_solver="full").fit(samples).components_
