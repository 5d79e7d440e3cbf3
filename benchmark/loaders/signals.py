"""What every clean signal must satisfy, checked in one place for all data sets."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.contract import Item

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# The axes of a signal by the kind of its data set.
AXES = {
    "images": "H x W is needed, or in colour H x W x 3",
    "matrices": "H x W is needed",
    "stack": "H x W x N is needed, of one band H x W x 1",
    "samples": "two axes or more are needed, the samples along the first",
    "layers": "one axis is needed, the weights of the layers one after another",
}


def name_of(path: Path) -> str:
    """Return a name for the item that a file or folder holds: its own without the ending, unfit signs replaced."""
    return re.sub(r"^[.-]|[^A-Za-z0-9_.-]", "_", Path(path.name.removesuffix(".gz")).stem)


def names_of(paths: Sequence[Path]) -> list[str]:
    """Return a name for the item of each file, those that would be equal with a number at their end."""
    names = [name_of(path) for path in paths]
    numbered = [f"{name}-{names[: place + 1].count(name)}" for place, name in enumerate(names)]
    return [own if names.count(name) > 1 else name for name, own in zip(names, numbered, strict=True)]


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
    if not isinstance(values, np.ndarray):
        raise ValueError(f"{name}: a {type(values).__name__}; a NumPy array is needed")
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


def validated(returned: Iterable[Item], kind: str) -> list[Item]:
    """Return the items that a data set's `load` returned, of the kind `kind`, one of `AXES`, as they are.

    Raises ValueError if they are no Items or there are none, if one has a rank or budget that is no whole number or
    extras that are no arrays, if a name is repeated or unfit for a file name, if a signal does not have the
    axes of the kind, does not pass `check` or has another maximum than 1 (if signed: a magnitude above 1), or if labels
    among the extras are not one for each entry of the signal's first axis.
    """
    if kind not in AXES:
        raise ValueError(f"unknown kind of data {kind!r}; known: {', '.join(AXES)}")
    if isinstance(returned, Mapping | str) or not isinstance(returned, Iterable):
        raise ValueError(f"`load` returned {type(returned).__name__}; it must return a list of Items")
    items = list(returned)
    for item in items:
        _check_item(item)
    if not items:
        raise ValueError("the data set has no items; `load` must return at least one")
    for name, number in Counter(item.name for item in items).items():
        if not NAME.fullmatch(name):
            raise ValueError(
                f"item name {name!r} is unfit for a file name; use letters, digits and the signs _ . -, the last two "
                f"not at the beginning"
            )
        if number > 1:
            raise ValueError(f"{number} items are named {name!r}; give each a name of its own")
    for item in items:
        check(item.name, item.signal, item.signed)
        if not _fits(item.signal.shape, kind):
            raise ValueError(
                f"{item.name}: a signal of shape {item.signal.shape} in data of the kind {kind!r}: {AXES[kind]}"
            )
        if item.signed:
            if (peak := np.abs(item.signal).max()) > 1 + 1e-6:
                raise ValueError(f"{item.name}: the largest magnitude is {peak}; bring the signal into [-1, 1]")
        elif not np.isclose(item.signal.max(), 1, rtol=1e-6):
            raise ValueError(f"{item.name}: the maximum is {item.signal.max()}; divide the signal by it")
        labels = item.extras.get("labels")
        if labels is not None and np.shape(labels) != (number := len(item.signal),):
            raise ValueError(f"{item.name}: labels of shape {np.shape(labels)} for {number} entries of the first axis")
    return items


def _check_item(item: object) -> None:
    if not isinstance(item, Item):
        raise ValueError(f"`load` returned {type(item).__name__} among the Items; make it one")
    if not isinstance(item.name, str):
        raise ValueError(f"an item is named {item.name!r}; its name must be a text")
    for fact in ("rank", "budget"):
        if (value := getattr(item, fact)) is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise ValueError(f"{item.name}: the {fact} is {value!r}; it must be an `int` or None")
    if not isinstance(item.extras, Mapping):
        raise ValueError(f"{item.name}: the extras are {type(item.extras).__name__}; a mapping to arrays is needed")
    for name, values in item.extras.items():
        if not isinstance(name, str) or not NAME.fullmatch(name) or name == "signal":
            raise ValueError(f"{item.name}: an extra cannot be named {name!r}; give it another name")
        try:
            kept = not np.asarray(values).dtype.hasobject
        except ValueError:  # lists of several lengths
            kept = False
        if not kept:
            raise ValueError(f"{item.name}: the extra {name!r} is no array that a file keeps; make it a NumPy array")


def _fits(shape: tuple[int, ...], kind: str) -> bool:
    if kind == "samples":
        return len(shape) >= 2
    return len(shape) == {"stack": 3, "layers": 1}.get(kind, 2) or (
        kind == "images" and len(shape) == 3 and shape[2] == 3
    )
