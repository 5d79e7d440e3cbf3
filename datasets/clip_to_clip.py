"""Frames of one clip to learn from, and of another to test on: a runner and traffic, one way and the other."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from benchmark.loaders.training import moved
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "A clip, then another"
LICENCE = "not stated"
CITATION = (
    "Yuan, Liu, Suo, Dai: Plug-and-Play Algorithms for Large-scale Snapshot Compressive Imaging. CVPR 2020, "
    "arXiv 2003.13654"
)
STANDS_IN_FOR = None
REGISTRY = "sci_video"

CLIPS = ("runner", "traffic")


def load(folder: Path, *, budgets: Sequence[int] = (20, 40)) -> list[Item]:
    """Return both clips (256 x 256 x 88) for each of `budgets` and each clip to test on; its frames stand last."""
    frames = {clip: normalised(TITLE, read_cube(folder / f"{clip}.mat", key="orig")) for clip in CLIPS}
    return [
        item for own, other in (CLIPS, CLIPS[::-1]) for item in moved(frames[own], [(other, frames[other])], budgets)
    ]
