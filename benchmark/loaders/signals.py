"""What every clean signal must satisfy, checked in one place for all data sets."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from benchmark.contract import Item

NAME = re.compile(r"[A-Za-z0-9_.-]+")


def name_of(path: Path) -> str:
    """Return a name for the item that a file or folder holds: its own without the ending, unfit signs replaced."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", Path(path.name.removesuffix(".gz")).stem)


def normalised(name: str, values: np.ndarray) -> np.ndarray:
    """Return `values` (any shape, integer or floating) divided by their maximum, as float32.

    Raises ValueError where `check` does; `name` says which data in the message.
    """
    check(name, values)
    return np.divide(values, values.max(), dtype=np.float64).astype(np.float32)


def stretched(name: str, samples: np.ndarray) -> np.ndarray:
    """Return `samples` (n x ..., any sign), each mapped to [0, 1] by its own minimum and maximum, as float32.

    Raises ValueError where `check` does for signed values, and if a sample is constant.
    """
    check(name, samples, signed=True)
    flat = samples.reshape(len(samples), -1).astype(np.float64)
    least, spread = flat.min(axis=1), np.ptp(flat, axis=1)
    if not spread.all():
        raise ValueError(f"{name}: sample {spread.argmin()} is constant and cannot be mapped to [0, 1]; leave it out")
    return ((flat - least[:, None]) / spread[:, None]).reshape(samples.shape).astype(np.float32)


def check(name: str, values: np.ndarray, signed: bool = False) -> None:
    """Raise ValueError unless `values` (any shape) are real, finite, non-negative or `signed`, and not constant."""
    if np.iscomplexobj(values):
        raise ValueError(f"{name}: the values are complex; take their magnitude or real part first")
    if not np.issubdtype(values.dtype, np.number):
        raise ValueError(f"{name}: the values are of type {values.dtype}; numbers are needed")
    if values.size == 0:
        raise ValueError(f"{name}: the array of shape {values.shape} is empty")
    _refuse(name, ~np.isfinite(values), "NaN or infinite; fill or cut them out first")
    if not signed:
        _refuse(name, values < 0, "negative, and photon noise needs x >= 0; shift or clip them first")
    if values.min() == values.max():
        raise ValueError(f"{name}: every value is {values.flat[0]}; a constant signal tells no methods apart")


def _refuse(name: str, bad: np.ndarray, fault: str) -> None:
    if bad.any():
        first = tuple(int(index) for index in np.unravel_index(bad.argmax(), bad.shape))
        raise ValueError(f"{name}: {bad.sum()} of {bad.size} values, the first at index {first}, are {fault}")


def validated(items: list[Item]) -> list[Item]:
    """Return the items as they are.

    Raises ValueError if there are none, if a name is repeated or unfit for a file name, if a signal does not pass
    `check` or has another maximum than 1 (if signed: a magnitude above 1), or if the labels are not one for each entry
    of the signal's first axis.
    """
    if not items:
        raise ValueError("the data set has no items; `load` must return at least one")
    for name, number in Counter(item.name for item in items).items():
        if not NAME.fullmatch(name):
            raise ValueError(f"item name {name!r} is unfit for a file name; use letters, digits and the signs _ . -")
        if number > 1:
            raise ValueError(f"{number} items are named {name!r}; give each a name of its own")
    for item in items:
        check(item.name, item.signal, item.signed)
        if item.signed:
            if (peak := np.abs(item.signal).max()) > 1 + 1e-6:
                raise ValueError(f"{item.name}: the largest magnitude is {peak}; bring the signal into [-1, 1]")
        elif not np.isclose(item.signal.max(), 1, rtol=1e-6):
            raise ValueError(f"{item.name}: the maximum is {item.signal.max()}; divide the signal by it")
        if item.labels is not None and len(item.labels) != len(item.signal):
            raise ValueError(f"{item.name}: {len(item.labels)} labels for {len(item.signal)} entries of the first axis")
    return items
