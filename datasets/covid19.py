"""Antibodies against the virus of COVID-19: 438 samples x 6 antigens x 11 receptors, as TensorLy ships them.

They are log counts of a serology assay. No factors are known.
"""

from pathlib import Path

import numpy as np
from tensorly.datasets import load_covid19_serology

from benchmark.contract import Item
from benchmark.loaders.signals import check

KIND = "stack"
TITLE = "COVID-19 serology"
LICENCE = "not stated by TensorLy, which ships a copy"
CITATION = (
    "Zohar et al.: Compromised Humoral Functional Evolution Tracks with SARS-CoV-2 Mortality. Cell 183, 2020; as a "
    "tensor: Tan et al.: A Structured Tensor Factorization for the Systems Analysis of Humoral Immunity. PNAS 2021"
)
STANDS_IN_FOR = None


def load(folder: Path, *, rank: int = 4) -> list[Item]:
    """Return the measurements, 438 x 6 x 11 divided by their largest magnitude, for CP of a rank."""
    values = np.asarray(load_covid19_serology()["tensor"], dtype=np.float64)
    check(TITLE, values, signed=True)
    extras = {"model": np.array("cp"), "ranks": np.array([rank]), "multilinear": np.array([rank] * 3)}
    signal = (values / np.abs(values).max()).astype(np.float32)
    return [Item("covid19", signal, rank=rank, signed=True, extras=extras)]
