"""Answers the label of the training image of the largest correlation with a query: the nearest neighbour.

Images have unit norm, and no mean is taken off. Cover and Hart, Nearest neighbor pattern classification, IEEE
Transactions on Information Theory 13 (1967), DOI 10.1109/TIT.1967.1053964.
"""

import numpy as np

from benchmark.algorithms.faces import faces_of
from benchmark.contract import Estimate, Problem

LABEL = "Nearest neighbour"
FAMILY = "classifier"
TASKS = {"classify"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the labels of the queries, (q,)."""
    faces = faces_of(problem, np.float64)
    return Estimate(signal=faces.labels[np.argmax(faces.queries @ faces.training.T, axis=1)])
