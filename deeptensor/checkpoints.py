"""Checkpoints: files that hold the state of a fit, to go on from after an interruption."""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from deeptensor.arguments import check_type

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_CHECKPOINTS = 60.0


def checkpoint_path(checkpoint: str | os.PathLike | None) -> Path | None:
    """Return the path that an argument `checkpoint` names; ValueError if no file can be there."""
    if checkpoint is None:
        return None
    check_type("checkpoint", checkpoint, (str, os.PathLike), "the path of a file, or None")
    path = Path(checkpoint)
    if path.is_dir():
        raise ValueError(f"checkpoint must be a file, and {path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise ValueError(f"the folder of the checkpoint {path} does not exist")
    return path


def save_checkpoint(path: Path, fingerprint: str, state: dict) -> None:
    """Write a state to a file, all or nothing: where that fails, the last one stays, and the log says so."""
    partial = path.with_name(path.name + ".partial")
    try:
        torch.save({"fingerprint": fingerprint, "state": state}, partial)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:  # torch's writer makes the latter of a full disk
        logger.warning("no checkpoint, the fit goes on: %s: %s", path, error)
    finally:
        partial.unlink(missing_ok=True)


def load_checkpoint(path: Path, fingerprint: str, device: torch.device) -> dict:
    """Return the state in a file; ValueError unless it is of the fit that has the fingerprint."""
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
        found, state = saved["fingerprint"], saved["state"]
    except Exception as error:
        raise ValueError(f"{path} is no checkpoint: remove it, or choose another file") from error
    if found != fingerprint:
        raise ValueError(f"{path} is the checkpoint of another fit: remove it, or choose another file")
    return state


@contextmanager
def restoring(path: Path) -> Iterator[None]:
    """Take what goes wrong in this block for a checkpoint that another version has written: raise ValueError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{path} is the checkpoint of another version of deeptensor: remove it to start anew, or use that"
        ) from error


def fingerprint_of(*parts: object) -> str:
    """Return a checksum of arrays, by their bytes, and of other things, by their text."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, torch.Tensor):
            part = part.detach().cpu().numpy()
        digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
    return digest.hexdigest()
