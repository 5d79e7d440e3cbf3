"""Counts of the notes of piano rolls, which are frames x notes of 0 and 1."""

import numpy as np


def marginal_odds(frames: np.ndarray) -> np.ndarray:
    """Return the log-odds (notes,) of each note over frames, one half added to both counts (Jeffreys)."""
    on = frames.sum(axis=0, dtype=np.float64)
    return np.log((on + 0.5) / (len(frames) - on + 0.5))


def transitions(frames: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the frames that another follows in its sequence, and those that follow them, in double precision."""
    ends = np.cumsum(lengths)
    frames = frames.astype(np.float64)
    return np.delete(frames, ends - 1, axis=0), np.delete(frames, ends - lengths, axis=0)
