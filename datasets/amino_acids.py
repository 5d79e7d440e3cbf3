"""Fluorescence of five mixtures of three amino acids, whose true concentrations are known.

Samples x emission (250 to 450 nm) x excitation (240 to 300 nm); each acid is one term of CP, a spectrum of either kind
times its concentrations. The first three samples hold one acid each.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import check
from deeptensor.reading import read_array

KIND = "stack"
TITLE = "Amino acids"
LICENCE = "not stated"
CITATION = "Bro: PARAFAC. Tutorial and applications. Chemometrics and Intelligent Laboratory Systems 38, 1997"
STANDS_IN_FOR = None


def load(folder: Path, *, left_out: bool = False) -> list[Item]:
    """Return the intensities, 5 x 201 x 61 divided by their maximum, with the extra `concentrations` (5 x 3).

    With `left_out` the same follows without each of the samples in turn.
    """
    values = read_array(folder / "amino.mat", key="X").astype(np.float64)
    check(TITLE, values, signed=True)
    signal = (values / np.abs(values).max()).astype(np.float32)
    concentrations = read_array(folder / "amino.mat", key="Y").astype(np.float64)
    extras = {"model": np.array("cp"), "ranks": np.array([3]), "multilinear": np.array([3, 3, 3])}
    kept = {"amino_acids": np.arange(5)}
    if left_out:
        kept |= {f"without-{number}": np.delete(np.arange(5), number) for number in range(5)}
    return [
        Item(name, signal[own], rank=3, signed=True, extras=extras | {"concentrations": concentrations[own]})
        for name, own in kept.items()
    ]
