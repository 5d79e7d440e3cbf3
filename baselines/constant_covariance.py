"""The mean of all entries of the sample covariance, at every entry: what the metric gives to who knows no structure.

The trivial bound of the covariances of DeepTensor's Figure 7, arXiv 2204.03145. Where samples are few or noisy,
truncated decompositions do not reach it.
"""

import numpy as np

from benchmark.contract import Estimate, Problem
from benchmark.covariance import sample_covariance

LABEL = "Constant"
FAMILY = "control"
TASKS = {"covariance"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the constant p x p matrix."""
    covariance = sample_covariance(problem.observed)
    return Estimate(signal=np.full_like(covariance, covariance.mean()))
