"""Extended Yale Face Database B, cropped: faces of 192 x 168 pixels under many illuminations, in two selections.

`frontal` holds 160 images of the paper's number and size: of each of the subjects 1 to 10, the 16 most frontal
illuminations. Which 160 the paper took is not published. `eigenfaces` holds 840 images: of each of the 28 subjects from
11 to 39, the 30 most frontal illuminations, reduced to 96 x 84 pixels by the mean over squares of 2 x 2.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import skimage.io

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from benchmark.loaders.truncation import at_ranks, truncated_stack

TITLE = "Extended Yale B"
LICENCE = "free to use for research purposes"
CITATION = (
    "Georghiades, Belhumeur, Kriegman: From Few to Many: Illumination Cone Models for Face Recognition under Variable "
    "Lighting and Pose. IEEE Transactions on Pattern Analysis and Machine Intelligence 23, 2001; cropped: Lee, Ho, "
    "Kriegman, same journal 27, 2005"
)
STANDS_IN_FOR = (
    "in `eigenfaces`, the Weizmann faces of the paper's Figure 2, which cannot be had: illumination varies, and "
    "neither pose nor expression"
)
IMAGE = 40

FRONTAL_SUBJECTS = 10


def load(
    folder: Path,
    *,
    selection: str = "frontal",
    images: int | None = None,
    truncated: int | None = None,
    ranks: Sequence[int] = (),
) -> list[Item]:
    """Return the `frontal` stack (192 x 168 x 160) or the samples of `eigenfaces` (840 x 96 x 84), labelled by subject.

    `images` keeps so many of the stack, at equal distances. It can be `truncated` to a CP rank (of 1000: in minutes),
    and come once for each of the `ranks` that methods are told.
    """
    paths = sorted(folder.glob("yaleB*/*.pgm"))
    subjects = np.array([int(path.parent.name.removeprefix("yaleB")) for path in paths])
    if selection == "frontal":
        chosen = [path for path, subject in zip(paths, subjects, strict=True) if subject <= FRONTAL_SUBJECTS]
        kept = np.linspace(0, len(chosen) - 1, images or len(chosen)).round().astype(int)
        faces = np.stack([skimage.io.imread(chosen[index]) for index in kept], axis=-1)
        if truncated is not None:
            faces = truncated_stack(faces, truncated)
        return at_ranks(Item("yale_b", normalised(TITLE, faces)), ranks)
    if selection == "eigenfaces":
        later = subjects > FRONTAL_SUBJECTS
        faces = np.stack([skimage.io.imread(path) for path, wanted in zip(paths, later, strict=True) if wanted])
        halved = faces.reshape(len(faces), 96, 2, 84, 2).mean(axis=(2, 4))
        return [Item("yale_b_eigenfaces", normalised(TITLE, halved), labels=subjects[later])]
    raise ValueError(f"unknown selection {selection!r} of {TITLE}; known: frontal, eigenfaces")
