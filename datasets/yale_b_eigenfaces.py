"""Extended Yale Face Database B, cropped: 840 faces of 28 subjects, reduced to 96 x 84 pixels, as samples.

Of each of the subjects from 11 to 39 there are the 30 most frontal illuminations, reduced by the mean over squares of
2 x 2 pixels.
"""

from pathlib import Path

from skimage.transform import downscale_local_mean

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from benchmark.loaders.yale_b import faces_of
from deeptensor.images import read_images

KIND = "samples"
REGISTRY = "yale_b"
TITLE = "Extended Yale B"
LICENCE = "free to use for research purposes"
CITATION = (
    "Georghiades, Belhumeur, Kriegman: From Few to Many: Illumination Cone Models for Face Recognition under Variable "
    "Lighting and Pose. IEEE Transactions on Pattern Analysis and Machine Intelligence 23, 2001; cropped: Lee, Ho, "
    "Kriegman, same journal 27, 2005"
)
STANDS_IN_FOR = (
    "the Weizmann faces of the paper's Figure 2, which cannot be had: illumination varies, and neither pose nor "
    "expression"
)


def load(folder: Path) -> list[Item]:
    """Return the samples (840 x 96 x 84), labelled by their subjects, 11 to 39 without 14."""
    paths, subjects = faces_of(folder, range(11, 40))
    halved = downscale_local_mean(read_images(paths), (1, 2, 2))
    return [Item("yale_b_eigenfaces", normalised(TITLE, halved), extras={"labels": subjects})]
