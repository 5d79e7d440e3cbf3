"""What methods that classify images by linear combinations of the training images share.

Arrays hold images as rows: training images A are n x p, queries Y are q x p, codes X are q x n, so that X A are the
images that the codes represent, and errors Y - X A are q x p.
"""

from dataclasses import dataclass

import numpy as np

from benchmark.contract import Problem
from benchmark.samples import as_rows, unit


@dataclass(frozen=True)
class Faces:
    """Training images (n x p) with their `labels` (n,), and `queries` (q x p), of `shape` h x w, of unit norm each."""

    training: np.ndarray
    labels: np.ndarray
    queries: np.ndarray
    shape: tuple[int, int]

    @property
    def classes(self) -> np.ndarray:
        """The labels that there are, sorted."""
        return np.unique(self.labels)

    def nearest_class(self, codes: np.ndarray, scale: np.ndarray | float = 1.0) -> np.ndarray:
        """Return for each query the label whose training images alone represent it best by its code (q,).

        That is the argmin over classes c of ||s * (y - A_c^T x_c)||, s the `scale` of each pixel (q x p).
        """
        return self.classes[np.argmin([np.sum((scale * e) ** 2, axis=1) for e in self.class_errors(codes)], axis=0)]

    def class_errors(self, codes: np.ndarray) -> list[np.ndarray]:
        """Return for each class what it leaves of the queries (q x p) when it represents them by its part of codes."""
        return [
            self.queries - codes[:, own] @ self.training[own] for own in (self.labels == name for name in self.classes)
        ]


def faces_of(problem: Problem, dtype: type = np.float32) -> Faces:
    """Return the faces of a problem of the task `classify`, flattened and divided by their norms; black ones stay.

    Iterations are in single precision by default: they are products of large matrices, and their labels are the same.
    """
    training, queries = problem.granted["training"], problem.observed
    rows = [unit(as_rows(images)).astype(dtype) for images in (training, queries)]
    return Faces(rows[0], problem.granted["training_labels"], rows[1], queries.shape[1:])


def nearest_projection(faces: Faces, basis: np.ndarray) -> np.ndarray:
    """Return for each query the label of the training image nearest to it in the span of orthonormal rows (r x p)."""
    training, queries = (rows @ basis.T for rows in (faces.training, faces.queries))
    distances = np.sum(training**2, axis=1) - 2 * queries @ training.T
    return faces.labels[np.argmin(distances, axis=1)]
