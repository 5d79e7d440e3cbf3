"""The subspaces that the images of each class span."""

import numpy as np

# Directions whose singular value is below this share of a class's largest are its rounding.
SMALLEST = 1e-6


def nearest_subspace(training: np.ndarray, labels: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return for each query (q x p) the label of the class whose training images (n x p) span the nearest subspace."""
    classes = np.unique(labels)
    return classes[np.argmin([_distances(training[labels == name], queries) for name in classes], axis=0)]


def _distances(images: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the squared distances of queries to the span of images."""
    _, values, rows = np.linalg.svd(images, full_matrices=False)
    basis = rows[values > SMALLEST * values[0]]
    return np.sum((queries - queries @ basis.T @ basis) ** 2, axis=1)
