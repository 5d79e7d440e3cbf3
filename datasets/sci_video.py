"""Two clips of the benchmark of snapshot compressive imaging, 256 x 256 pixels: `runner`, 40 frames; `traffic`, 48.

The files hold masks and measurements, too. They are not used: the suite draws its own code for each seed.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.cubes import read_cube
from benchmark.loaders.signals import normalised

TITLE = "SCI video"
LICENCE = "not stated"
CITATION = (
    "Yuan, Liu, Suo, Dai: Plug-and-Play Algorithms for Large-scale Snapshot Compressive Imaging. CVPR 2020, "
    "arXiv 2003.13654"
)
STANDS_IN_FOR = None
IMAGE = 20

CLIPS = ("runner", "traffic")


def load(folder: Path, *, clip: str = "runner", frames: int | None = None) -> list[Item]:
    """Return the clip (256 x 256 x 40 or 48), or its first `frames`, divided by its maximum."""
    if clip not in CLIPS:
        raise ValueError(f"unknown clip {clip!r} of {TITLE}; known: {', '.join(CLIPS)}")
    return [Item(clip, normalised(TITLE, read_cube(folder / f"{clip}.mat", key="orig")[..., :frames]))]
