"""Extended Yale Face Database B, cropped: a stack of 160 faces of 192 x 168 pixels under many illuminations.

The images are of the paper's number and size: of each of the subjects 1 to 10, the 16 most frontal illuminations. Which
160 the paper took is not published.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.cubes import spread
from benchmark.loaders.signals import normalised
from benchmark.loaders.truncation import at_ranks, truncated_stack
from benchmark.loaders.yale_b import faces_of
from deeptensor.images import read_image

KIND = "stack"
TITLE = "Extended Yale B"
LICENCE = "free to use for research purposes"
CITATION = (
    "Georghiades, Belhumeur, Kriegman: From Few to Many: Illumination Cone Models for Face Recognition under Variable "
    "Lighting and Pose. IEEE Transactions on Pattern Analysis and Machine Intelligence 23, 2001; cropped: Lee, Ho, "
    "Kriegman, same journal 27, 2005"
)
STANDS_IN_FOR = None
IMAGE = 40


def load(
    folder: Path, *, images: int | None = None, truncated: int | None = None, ranks: Sequence[int] = ()
) -> list[Item]:
    """Return the stack of faces (192 x 168 x 160), or `images` of them at equal distances.

    It can be `truncated` to a CP rank (of 1000: in minutes), and come once for each of the `ranks` that methods are
    told.
    """
    paths, _ = faces_of(folder, range(1, 11))
    faces = np.stack([read_image(paths[index]) for index in spread(len(paths), images)], axis=-1)
    if truncated is not None:
        faces = truncated_stack(faces, truncated)
    return at_ranks(Item("yale_b", normalised(TITLE, faces)), ranks)
