"""Piano rolls of sequences of notes, as MATLAB files hold them."""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

# The place of a key is the number of the part.
PARTS = ("traindata", "validdata", "testdata")


def read_rolls(path: Path, sequences: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the frames (frames x 88) of all sequences, one after the other, their lengths (n,) and their parts (n,).

    The parts are training (0), validation (1) and testing (2); `sequences` keeps the first ones of each. Raises
    ValueError for a file that is no MATLAB file of plain rolls; one that is a pickle is not executed.
    """
    try:
        parts = [loadmat(path)[part][0][:sequences] for part in PARTS]
    except (ValueError, KeyError, IndexError, TypeError, NotImplementedError) as error:
        raise ValueError(f"{path} is no MATLAB file with the cells {', '.join(PARTS)}: download it again") from error
    rolls = [roll for part in parts for roll in part]
    if not all(roll.ndim == 2 and roll.shape[1] == 88 and np.isin(roll, (0, 1)).all() for roll in rolls):
        raise ValueError(f"{path} holds other sequences than frames x 88 of zeros and ones: download it again")
    split = np.repeat(np.arange(len(PARTS)), [len(part) for part in parts])
    return np.concatenate(rolls).astype(np.float32), np.array([len(roll) for roll in rolls]), split
