"""What tasks refuse of an item before they pose it, where methods or the judge could make nothing of it."""

import numpy as np

from benchmark.contract import Item

# The parts of sequences, by the number that marks them.
SEQUENCES = ("training", "validation", "test")


def check_signal(item: Item) -> None:
    """Raise ValueError for a signal that is not finite, or nothing but zeros, as single precision keeps it.

    There is no error relative to a signal of zeros.
    """
    with np.errstate(over="ignore"):
        kept = np.asarray(item.signal).astype(np.float32)
    if bad := np.count_nonzero(~np.isfinite(kept)):
        raise ValueError(
            f"{item.name}: {bad} of {kept.size} values are NaN or infinite in single precision: fill, scale or cut them"
        )
    if not kept.any():
        raise ValueError(
            f"{item.name}: all {kept.size} values are zero, and errors relative to them none: leave it out"
        )


def check_sequences(item: Item, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the `lengths` (n,) of an item's sequences and the part of each, its `split`: 0, 1 or 2 (`SEQUENCES`).

    Raises ValueError for a sequence of one frame, which predicts none, lengths and parts that are no whole numbers or
    other ones, and lengths that do not sum up to the frames or leave a part without sequences.
    """
    lengths, split = (np.asarray(item.extras[name]) for name in ("lengths", "split"))
    for name, own in (("lengths", lengths), ("split", split)):
        if own.ndim != 1 or own.dtype.kind not in "iu":
            raise ValueError(
                f"{item.name}: `{name}` of shape {own.shape} is {own.dtype}: give a whole number a sequence"
            )
    if others := set(split.tolist()) - set(range(len(SEQUENCES))):
        raise ValueError(f"{item.name}: `split` has the mark {min(others)}: give 0, 1 or 2, for {', '.join(SEQUENCES)}")
    if lengths.sum() != len(frames) or len(split) != len(lengths):
        raise ValueError(
            f"{item.name}: {len(lengths)} sequences of {lengths.sum()} frames with {len(split)} marks, "
            f"where there are {len(frames)} frames: give the length and the part of each sequence"
        )
    if lengths.min() < 2:
        raise ValueError(
            f"{item.name}: sequence {lengths.argmin()} has {lengths.min()} frame, of which none can be predicted: "
            "leave it out"
        )
    for number, name in enumerate(SEQUENCES):
        if not (split == number).any():
            raise ValueError(f"{item.name}: no {name} sequences: mark some by {number} in `split`")
    return lengths, split


def told_rank(item: Item, most: int) -> int:
    """Return the rank that is told of an item; raise ValueError where none is, or one that is not from 1 to `most`."""
    if item.rank is None:
        raise ValueError(f"{item.name}: no rank is told: give the data set a `rank` from 1 to {most}")
    if not 1 <= item.rank <= most:
        raise ValueError(
            f"{item.name}: the rank {item.rank} for a signal of shape {item.signal.shape}: give 1 to {most}"
        )
    return item.rank


def told_labels(item: Item) -> np.ndarray:
    """Return the labels (n,) of n samples; raise ValueError for other ones, for NaN, and for a single class."""
    if "labels" not in item.extras:
        raise ValueError(f"{item.name}: the samples have no labels to learn classes from: give a labelled data set")
    labels, number = np.asarray(item.extras["labels"]), len(item.signal)
    if labels.shape != (number,):
        raise ValueError(f"{item.name}: `labels` of shape {labels.shape} for {number} samples: give one for each")
    if labels.dtype.kind in "fc" and (bad := np.count_nonzero(~np.isfinite(labels))):
        raise ValueError(f"{item.name}: {bad} of {number} `labels` are NaN or infinite: name a class for each sample")
    if len(names := np.unique(labels)) < 2:
        raise ValueError(f"{item.name}: all {number} `labels` are {names[0]}: give samples of two classes or more")
    return labels
