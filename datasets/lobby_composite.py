"""An empty lobby whose lamps are switched, 128 x 160 pixels and 30 frames, and ellipses that move before it.

The frames are of I2R's "Lobby", taken from a file that has their red, green and blue one after another as planes, here
made grey. Lamps go off from the third and from the eighteenth frame on, each for a part of the scene.
"""

from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.moving import composite, grey
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "Ellipses before a lobby"
LICENCE = "not stated"
CITATION = (
    "Li, Huang, Gu, Tian: Statistical Modeling of Complex Backgrounds for Foreground Object Detection. IEEE "
    "Transactions on Image Processing 13, 2004"
)
STANDS_IN_FOR = "the EIC sequences of the CVPR 2019 paper, not to be had: the light is real, the objects are not"
REGISTRY = "lobby"
IMAGE = 20


def load(folder: Path, *, realisations: int = 3) -> list[Item]:
    """Return `realisations` of the video (128 x 160 x 30), of four ellipses each."""
    planes = read_cube(folder / "Lobby.mat", key="Ori_H")
    frames = np.moveaxis(planes.reshape(*planes.shape[:2], -1, 3), 2, 0)
    lobby = np.stack([grey(frame) for frame in frames], axis=2)
    return [composite(TITLE, f"lobby-{seed}", lobby, 4, seed) for seed in range(realisations)]
