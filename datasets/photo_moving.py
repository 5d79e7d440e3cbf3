"""A photograph before which ellipses move, 96 x 128 pixels, 40 frames, in steady, switched, shadowed or severe light.

The scene is scikit-image's `coffee`, and the ellipses show a part of its `chelsea`. Switched light has gains of 1 and
0.65 in turns of ten frames, each times 1 + 0.02 z, z standard normal. The shadow takes 0.45 of the light behind an edge
that sweeps across the scene, a sigmoid of scale 4 pixels; in every other 13 frames all is darker by 0.85. Severe light
is another in each frame: exp(a u + b v + c u v), u and v from -1 to 1 over the rows and columns, a, b and c uniform in
+-0.7, with such a shadow behind a straight line of any direction, at most half way from the centre. Noise of standard
deviation 0.01 is added.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import skimage.data
from skimage.transform import resize

from benchmark.contract import Item
from benchmark.loaders.moving import composite, grey

KIND = "stack"
TITLE = "Ellipses before a photograph"
LICENCE = "CC0"
CITATION = "skimage.data.coffee and chelsea, photographs that scikit-image ships"
STANDS_IN_FOR = "the EIC sequences of the CVPR 2019 paper, not to be had: scene, motion and light are synthetic"
IMAGE = 22

NOISE, DIM, JITTER, DEPTH, EDGE, DARKER, SLOPE = 0.01, 0.65, 0.02, 0.45, 4, 0.85, 0.7


def load(
    folder: Path,
    *,
    lights: Sequence[Literal["steady", "switch", "shadow", "severe"]] = ("switch", "shadow"),
    height: int = 96,
    frames: int = 40,
    realisations: int = 1,
) -> list[Item]:
    """Return `realisations` of the video under each of the lights, with three ellipses each.

    They have `height` rows, a third more columns, and a number of frames.
    """
    width = height * 4 // 3
    scene = resize(grey(skimage.data.coffee()), (height, width), anti_aliasing=True)
    return [
        composite(TITLE, f"{light}-{seed}", scene[..., None] * lit(light, height, width, frames, seed), 3, seed, NOISE)
        for light in lights
        for seed in range(realisations)
    ]


def lit(light: str, height: int, width: int, frames: int, seed: int) -> np.ndarray:
    """Return the share of its brightness that a scene has, h x w x t, where it does not vary with 1 for h or w."""
    time = np.arange(frames)
    if light == "switch":
        jitter = JITTER * np.random.default_rng([seed, 1]).standard_normal(frames)
        return (np.where(time // 10 % 2, DIM, 1) * (1 + jitter))[None, None]
    if light == "shadow":
        edge = np.linspace(-4 * EDGE, width + 4 * EDGE, frames)
        shadow = 1 / (1 + np.exp((np.arange(width)[:, None] - edge) / EDGE))
        return ((1 - DEPTH * shadow) * np.where(time // 13 % 2, DARKER, 1))[None]
    if light == "severe":
        rng = np.random.default_rng([seed, 2])
        a, b, c = rng.uniform(-SLOPE, SLOPE, (3, frames))
        angle, offset = rng.uniform(0, 2 * np.pi, frames), rng.uniform(-0.5, 0.5, frames)
        u, v = np.linspace(-1, 1, height)[:, None, None], np.linspace(-1, 1, width)[:, None]
        behind = u * np.sin(angle) + v * np.cos(angle) - offset
        return np.exp(a * u + b * v + c * u * v) * (1 - DEPTH / (1 + np.exp(-behind * width / (2 * EDGE))))
    return np.ones((1, 1, frames))
