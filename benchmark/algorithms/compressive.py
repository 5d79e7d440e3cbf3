"""What the methods share that recover an image from few measurements, by an operator A of orthonormal rows.

One of the measurements is the mean of the image. It holds nearly all of their energy, and says nothing of edges and
textures: methods set it apart, and work on the image less its mean.
"""

from dataclasses import dataclass

import numpy as np

from benchmark.algorithms.total_variation import divergence, gradient, least_squares_constant, magnitude
from benchmark.contract import Operator, Problem

# Of the steps of total variation, for pixels from 0 to 1.
STEP_RATIO = 0.05


@dataclass(frozen=True)
class Measured:
    """The measurements `y` = A X, (m,), of an image H x W less its `mean`, and how far from A X they may be.

    `radius` is the expected norm of the noise; it is 0 where the problem names none, and the measurements are exact.
    """

    y: np.ndarray
    mean: float
    operator: Operator
    radius: float

    def residual(self, X: np.ndarray) -> np.ndarray:
        """Return Y - A X, (m,), as far as it is more than noise."""
        rest = self.y - self.operator(X)
        if self.radius == 0:
            return rest
        norm = np.linalg.norm(rest)
        return rest * max(0.0, 1 - self.radius / norm) if norm > 0 else rest

    def project(self, X: np.ndarray, relaxation: float = 1.0) -> np.ndarray:
        """Return the image nearest to X that meets the measurements, as A A^T = 1: X + A^T (Y - A X).

        With a `relaxation` above 1 the step is as much longer.
        """
        return X + relaxation * self.operator.adjoint(self.residual(X))


def measured(problem: Problem) -> Measured:
    """Return the measurements of a problem in double precision, with the mean set apart."""
    observed, operator = problem.observed.astype(np.float64), problem.operator
    mean = least_squares_constant(observed, np.ones(observed.shape, dtype=bool), operator)
    y = observed - mean * operator(np.ones(operator.shape))
    variance = 0.0 if problem.noise is None else float(np.sum(problem.noise.variance(observed)))
    return Measured(y, mean, operator, np.sqrt(variance))


def least_variation(known: Measured, iterations: int, tolerance: float) -> tuple[np.ndarray, int]:
    """Return the image, less its mean, of least isotropic total variation that meets the measurements.

    By the primal-dual method of Chambolle and Pock (2011, algorithm 1, DOI 10.1007/s10851-010-0251-1), from 0. The
    iteration that changes the image by less than the share `tolerance` of its norm is the last; their number is
    returned, too.
    """
    axes = (0, 1)
    # Their product is fixed by the squared norm of the differences, at most 8, and their ratio by the range of pixels.
    step, dual_step = STEP_RATIO / np.sqrt(8), 1 / (STEP_RATIO * np.sqrt(8))
    image, done = known.project(np.zeros(known.operator.shape)), 0
    ahead, edges = image, np.zeros((2, *image.shape))
    while done < iterations:
        edges += dual_step * gradient(ahead, axes)
        edges /= np.maximum(magnitude(edges), 1)
        following = known.project(image + step * divergence(edges, axes))
        change = following - image
        image, ahead, done = following, following + change, done + 1
        if np.linalg.norm(change) <= tolerance * np.linalg.norm(image):
            break
    return image, done
