"""Faces under 30 lights each, in random order, as videos with severe changes of light, and ellipses before them.

Of six subjects of the Extended Yale B, 96 x 84 pixels (means of 2 x 2), a frame for each light, with its cast shadows.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from skimage.transform import downscale_local_mean

from benchmark.contract import Item
from benchmark.loaders.moving import composite
from benchmark.loaders.yale_b import faces_of
from deeptensor.images import read_images

KIND = "stack"
TITLE = "Ellipses before Yale B"
LICENCE = "free to use for research purposes"
CITATION = (
    "Georghiades, Belhumeur, Kriegman: From Few to Many: Illumination Cone Models for Face Recognition under Variable "
    "Lighting and Pose. IEEE Transactions on Pattern Analysis and Machine Intelligence 23, 2001; cropped: Lee, Ho, "
    "Kriegman, same journal 27, 2005"
)
STANDS_IN_FOR = "the EIC sequences of the CVPR 2019 paper, not to be had: lights are real, motion is not"
REGISTRY = "yale_b"
IMAGE = 15


def load(folder: Path, *, subjects: Sequence[int] = (11, 15, 20, 25, 30, 35)) -> list[Item]:
    """Return a video (96 x 84 x 30) for each of the subjects, of two ellipses each."""
    items = []
    for subject in subjects:
        paths, _ = faces_of(folder, range(subject, subject + 1))
        if not paths:
            raise ValueError(f"there are no images of a subject {subject}: give others of 1 to 39")
        faces = np.moveaxis(read_images(paths), 0, 2)[..., np.random.default_rng(subject).permutation(len(paths))]
        items.append(composite(TITLE, f"subject-{subject}", downscale_local_mean(faces / 255, (2, 2, 1)), 2, subject))
    return items
