"""Two clips of the benchmark of snapshot compressive imaging, 256 x 256 pixels: `runner`, 40 frames; `traffic`, 48.

The files hold masks and measurements, too. They are not used: the suite draws its own code for each seed.
"""

from pathlib import Path
from typing import Literal

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "SCI video"
LICENCE = "not stated"
CITATION = (
    "Yuan, Liu, Suo, Dai: Plug-and-Play Algorithms for Large-scale Snapshot Compressive Imaging. CVPR 2020, "
    "arXiv 2003.13654"
)
STANDS_IN_FOR = None
IMAGE = 20


def load(folder: Path, *, clip: Literal["runner", "traffic"] = "runner", frames: int | None = None) -> list[Item]:
    """Return the clip (256 x 256 x 40 or 48), or its first `frames`, divided by its maximum."""
    return [Item(clip, normalised(TITLE, read_cube(folder / f"{clip}.mat", key="orig")[..., :frames]))]
