"""Minimises the squared error of one number a slice: predicts each entry by the mean of its slice.

Of entries that are held out the others decide. It knows how often a relation holds, and nothing of who relates to whom:
what the average precision of a model of relations is to be compared with (Davis and Goadrich, The relationship between
precision-recall and ROC curves, ICML 2006, DOI 10.1145/1143844.1143874).
"""

import numpy as np

from benchmark.algorithms.decomposed import decomposed, whole_tensor
from benchmark.contract import Estimate, Problem

LABEL = "Mean of a slice"
FAMILY = "control"
TASKS = {"decompose"}
DEVICES = {"cpu"}
CONTROL = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the signal I x J x K, of which each slice is constant."""
    observed = whole_tensor("slice_mean", problem, masked=True)
    mask = problem.granted.get("mask", np.ones(observed.shape, bool))
    means = (observed * mask).sum(axis=(0, 1)) / np.maximum(mask.sum(axis=(0, 1)), 1)
    return decomposed(np.broadcast_to(means, observed.shape).copy())
