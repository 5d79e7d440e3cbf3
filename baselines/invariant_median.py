"""Takes for the background the temporal median of what the light does not change, under the light of each frame.

log(frame + 0.02) less its Gaussian of 6 pixels is free of smooth light, of any strength; the median over time of that
is put back under the smooth part of each frame. Nothing is of low rank here: it is the illumination-invariant map alone
that methods for changing light start from. Smooth parts of what moves pass for light.

Land and McCann, Lightness and retinex theory, Journal of the Optical Society of America 61 (1971),
DOI 10.1364/JOSA.61.000001, has the separation; scale and offset are a choice of this suite's protocol.
"""

import numpy as np

from benchmark.algorithms.motion import DARK, light_and_reflectance, parts_of
from benchmark.contract import Estimate, Problem

LABEL = "Median of reflectance"
FAMILY = "filters and interpolation"
TASKS = {"background"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the background of each frame."""
    smooth, reflectance = light_and_reflectance(problem.observed.astype(np.float64))
    still = np.median(reflectance, axis=2, keepdims=True)
    return parts_of(problem.observed, background=np.exp(smooth + still) - DARK)
