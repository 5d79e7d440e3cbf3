"""Tensors that each decomposition of the lecture made with random factors, which are withheld.

Where a model has settings that make it easy or hard, it has items of each: the congruence of the columns for CP (0, 0.5
and 0.9), ranks for DEDICOM, PARATUCK2 and the block terms.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.planted import MODELS, plant
from benchmark.seeds import seed_for

KIND = "stack"
TITLE = "Planted tensors"
LICENCE = "made by the suite"
CITATION = "K. Ma: Low Rank Decomposition. Lecture, Tsinghua University"
STANDS_IN_FOR = None

SETTINGS: Mapping[str, Mapping[str, Mapping]] = {
    "cp": {"c0": {"congruence": 0.0}, "c5": {"congruence": 0.5}, "c9": {"congruence": 0.9}},
    "dedicom": {"r3": {"rank": 3}, "r4": {"rank": 4}},
    "paratuck2": {"r22": {"ranks": (2, 2)}, "r32": {"ranks": (3, 2)}, "r33": {"ranks": (3, 3)}},
    "ll1": {"l222": {"ranks": (2, 2, 2)}, "l444": {"ranks": (4, 4, 4)}, "l321": {"ranks": (3, 2, 1)}},
    "btd": {"b333": {}},
}


def load(folder: Path, *, models: Sequence[str] = ("cp",), realisations: int = 10) -> list[Item]:
    """Return `realisations` tensors for each setting of some models, in [-1, 1], of `benchmark.loaders.planted`.

    Raises ValueError for a model that is none of these.
    """
    if unknown := set(models) - set(MODELS):
        raise ValueError(f"unknown model {min(unknown)!r}; there are: {', '.join(MODELS)}")
    return [
        plant(model, f"{name}-{number}", np.random.default_rng(seed_for(number, model, name)), **settings)
        for model in models
        for name, settings in SETTINGS.get(model, {model: {}}).items()
        for number in range(realisations)
    ]
