"""Answers the class whose training images span the subspace nearest to a query: linear regression classification.

argmin over classes c of ||y - P_c y||, P_c the projection onto the span of the training images of c, which least
squares find. Nothing is regularised, and there is no parameter.

Naseem, Togneri and Bennamoun, Linear regression for face recognition, IEEE Transactions on Pattern Analysis and Machine
Intelligence 32 (2010), DOI 10.1109/TPAMI.2010.128.
"""

import numpy as np

from benchmark.algorithms.faces import faces_of
from benchmark.algorithms.subspaces import nearest_subspace
from benchmark.contract import Estimate, Problem

LABEL = "Linear regression (LRC)"
FAMILY = "classifier"
TASKS = {"classify"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the labels of the queries, (q,)."""
    faces = faces_of(problem, np.float64)
    return Estimate(signal=nearest_subspace(faces.training, faces.labels, faces.queries))
