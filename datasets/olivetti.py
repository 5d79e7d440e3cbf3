"""The Olivetti faces: ten images each of 40 people, with changes of pose and expression, with glasses and without."""

from pathlib import Path

import numpy as np
from scipy.io import loadmat
from skimage.transform import downscale_local_mean

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "samples"
TITLE = "Olivetti faces"
LICENCE = "credit to AT&T Laboratories Cambridge is asked for"
CITATION = (
    "Samaria, Harter: Parameterisation of a Stochastic Model for Human Face Identification. IEEE Workshop on "
    "Applications of Computer Vision, 1994; 64 x 64 pixels: S. Roweis"
)
STANDS_IN_FOR = "the AR faces of the CVPR 2019 paper, whose licence forbids copies"


def load(folder: Path, *, reduction: int = 2) -> list[Item]:
    """Return the faces (400 x 32 x 32), labelled 0 to 39; the first five of each person have the mark `training`.

    They are means over squares of `reduction` x `reduction` pixels of the 64 x 64.
    """
    columns = loadmat(folder / "olivettifaces.mat")["faces"]
    images = downscale_local_mean(columns.T.reshape(-1, 64, 64).swapaxes(1, 2), (1, reduction, reduction))
    extras = {"labels": np.repeat(np.arange(40), 10), "training": np.arange(400) % 10 < 5}
    return [Item("olivetti", normalised(TITLE, images), extras=extras)]
