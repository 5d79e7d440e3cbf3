"""Projects images onto principal components of the training images, and answers the label of the nearest of these.

100 components, or as many as there are; images have unit norm, and the projections are compared by their distance.
Turk and Pentland, Eigenfaces for recognition, Journal of Cognitive Neuroscience 3 (1991),
DOI 10.1162/jocn.1991.3.1.71.
"""

import numpy as np

from benchmark.algorithms.faces import faces_of, nearest_projection
from benchmark.algorithms.principal import principal_components
from benchmark.contract import Estimate, Problem

LABEL = "Eigenfaces, nearest neighbour"
FAMILY = "classifier"
TASKS = {"classify"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, components: int = 100) -> Estimate:
    """Return the labels of the queries, (q,)."""
    faces = faces_of(problem, np.float64)
    # n centred images span n - 1 dimensions.
    number = min(components, len(faces.training) - 1, faces.training.shape[1])
    return Estimate(signal=nearest_projection(faces, principal_components(faces.training, number)))
