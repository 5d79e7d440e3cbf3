"""Represents a query by all training images with least squares, and answers the class of the best part of it.

x = argmin ||y - A^T x||^2 + lambda ||x||^2 in closed form, then argmin over classes c of ||y - A_c^T x_c|| / ||x_c||,
with the published lambda = 0.001 n / 700 for n training images.

Zhang, Yang and Feng, Sparse representation or collaborative representation: which helps face recognition?, ICCV 2011,
DOI 10.1109/ICCV.2011.6126277.
"""

import numpy as np

from benchmark.algorithms.faces import faces_of
from benchmark.contract import Estimate, Problem

LABEL = "Collaborative (CRC)"
FAMILY = "classifier"
TASKS = {"classify"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, penalty: float = 0.001 / 700) -> Estimate:
    """Return the labels of the queries, (q,); lambda is `penalty` times the number of training images."""
    faces = faces_of(problem, np.float64)
    number = len(faces.training)
    gram = faces.training @ faces.training.T + penalty * number * np.eye(number)
    codes = np.linalg.solve(gram, faces.training @ faces.queries.T).T
    errors = np.linalg.norm(faces.class_errors(codes), axis=2)
    sizes = np.array([np.linalg.norm(codes[:, faces.labels == name], axis=1) for name in faces.classes])
    quotients = np.divide(errors, sizes, out=np.full_like(errors, np.inf), where=sizes > 0)
    return Estimate(signal=faces.classes[np.argmin(quotients, axis=0)])
