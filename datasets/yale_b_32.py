"""Extended Yale Face Database B, reduced to 32 x 32 pixels: 31 subjects under 64 lights, by the angle of the light.

The usual five subsets are of lights at most 12, 25, 50, 77 degrees from the camera's axis, and of the others: 7, 12,
12, 14 and 19 a subject. The third goes to 51.5 degrees here, which is how it comes to have 12: two lights at azimuth 35
and elevation 40 are at 51.1.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "samples"
TITLE = "Extended Yale B, 32 x 32"
LICENCE = "free to use for research purposes"
CITATION = (
    "Georghiades, Belhumeur, Kriegman: From Few to Many: Illumination Cone Models for Face Recognition under Variable "
    "Lighting and Pose. IEEE Transactions on Pattern Analysis and Machine Intelligence 23, 2001; cropped: Lee, Ho, "
    "Kriegman, same journal 27, 2005"
)
STANDS_IN_FOR = "the Extended Yale B images of the CVPR 2019 paper, whose size and split are not printed"

# Azimuth, of both signs but at 0, and elevations of the lights in degrees.
LIGHTS = {
    0: (0, 20, 45, 90, -20, -35),
    5: (10, -10),
    10: (0, -20),
    15: (20,),
    20: (10, -10, -40),
    25: (0,),
    35: (15, 40, 65, -20),
    50: (0, -40),
    60: (20, -20),
    70: (0, 45, -35),
    85: (20, -20),
    95: (0,),
    110: (15, 40, 65, -20),
    120: (0,),
    130: (20,),
}
EDGES = (12, 25.5, 51.5, 77)


def load(folder: Path, *, train: Sequence[int] = (1, 2), test: Sequence[int] = (3,)) -> list[Item]:
    """Return the images of the subsets `train`, marked by the extra `training`, and `test` (n x 32 x 32).

    They are labelled by their subjects, of which those with fewer than 64 images, 11 to 17, are left out. Raises
    ValueError for subsets other than 1 to 5, or one in both lists.
    """
    if not {*train, *test} <= {1, 2, 3, 4, 5} or {*train} & {*test}:
        raise ValueError(f"train on the subsets {list(train)}, test on {list(test)}: give different ones, of 1 to 5")
    file = loadmat(folder / "YaleB_32x32.mat")
    images, subjects = file["features"].T.reshape(-1, 32, 32).swapaxes(1, 2), file["Label"].ravel().astype(int)
    numbers, counts = np.unique(subjects, return_counts=True)
    complete = np.isin(subjects, numbers[counts == 64])
    subset = np.tile(1 + np.digitize(angles(), EDGES, right=True), (counts == 64).sum())
    kept = np.isin(subset, [*train, *test])
    extras = {"labels": subjects[complete][kept], "training": np.isin(subset, train)[kept]}
    return [Item("yale_b_32", normalised(TITLE, images[complete][kept]), extras=extras)]


def angles() -> np.ndarray:
    """Return the angles in degrees of the 64 lights with the camera's axis, in the order of a subject's images.

    That is the order of the names of the original files, such as yaleB01_P00A-035E+40: plus comes before minus.
    """
    azimuths = [*LIGHTS, *(-azimuth for azimuth in LIGHTS if azimuth)]
    lights = np.radians([(azimuth, elevation) for azimuth in azimuths for elevation in LIGHTS[abs(azimuth)]])
    return np.degrees(np.arccos(np.cos(lights).prod(axis=1).clip(-1, 1)))
