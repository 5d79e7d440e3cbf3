"""Faces from Labeled Faces in the Wild under synthetic lights: 40 faces of 25 x 25 pixels, each in 12 variants.

Each of the first faces of scikit-image's subset, which shows nobody twice, is a class. A variant is the face, moved by
up to a pixel, times a light exp(a u + b v + c u v), u and v from -1 to 1 over the rows and columns, a, b and c uniform
in +-0.7, times a contrast uniform from 0.8 to 1.2, with white noise of standard deviation 0.02, clipped.
"""

from pathlib import Path

import numpy as np
import skimage.data

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "samples"
TITLE = "LFW subset, relit"
LICENCE = "not stated by scikit-image, which ships the faces"
CITATION = (
    "Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild: A Database for Studying Face Recognition in "
    "Unconstrained Environments. Technical report 07-49, University of Massachusetts, Amherst, 2007"
)
STANDS_IN_FOR = "the Extended Yale B and LFW images of the CVPR 2019 paper: lights are synthetic, pose is fixed"

STRENGTH, NOISE = 0.7, 0.02


def load(folder: Path, *, people: int = 40, variants: int = 12, train: int = 8, realisations: int = 1) -> list[Item]:
    """Return `realisations` of the faces (people * variants x 25 x 25) with labels, each drawn anew.

    The first `train` variants of each face have the mark `training`. Raises ValueError for more than the subset's 100
    people, or no variant that is a query.
    """
    if not (1 <= people <= 100 and 1 <= train < variants):
        raise ValueError(f"{people} people, {train} of {variants} variants to train: give up to 100, and more variants")
    extras = {
        "labels": np.repeat(np.arange(people), variants),
        "training": np.arange(people * variants) % variants < train,
    }
    items = []
    for seed in range(realisations):
        rng = np.random.default_rng(seed)
        faces = [relit(face, rng) for face in skimage.data.lfw_subset()[:people] for _ in range(variants)]
        items.append(Item(f"faces-{seed}", normalised(TITLE, np.stack(faces)), extras=extras))
    return items


def relit(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a variant of a face, whose values are from 0 to 1."""
    rows, columns = (np.linspace(-1, 1, size) for size in face.shape)
    u, v = np.meshgrid(rows, columns, indexing="ij")
    a, b, c = rng.uniform(-STRENGTH, STRENGTH, 3)
    moved = np.roll(face, rng.integers(-1, 2, 2), (0, 1))
    lit = moved * np.exp(a * u + b * v + c * u * v) * rng.uniform(0.8, 1.2)
    return np.clip(lit + NOISE * rng.standard_normal(face.shape), 0, 1)
