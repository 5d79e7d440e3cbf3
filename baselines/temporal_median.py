"""Takes for the background of each pixel the median of its values over all frames.

What covers a pixel in fewer than half of the frames leaves no trace, and steady light is all that it knows of.

Piccardi, Background subtraction techniques: a review, IEEE International Conference on Systems, Man and Cybernetics
2004, DOI 10.1109/ICSMC.2004.1400815.
"""

import numpy as np

from benchmark.algorithms.motion import parts_of
from benchmark.contract import Estimate, Problem

LABEL = "Temporal median"
FAMILY = "filters and interpolation"
TASKS = {"background"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the background, the same in every frame."""
    video = problem.observed
    return parts_of(video, background=np.broadcast_to(np.median(video, axis=2, keepdims=True), video.shape))
