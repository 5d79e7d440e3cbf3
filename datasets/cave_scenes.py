"""Two scenes of the CAVE database, "fake and real peppers" and "jelly beans": 512 x 512 pixels, 31 bands.

One 16-bit PNG a band from 400 to 700 nm, in steps of 10 nm. The registry's copy is that of a published study, at a
fixed commit.
"""

from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.cubes import cropped
from benchmark.loaders.signals import normalised
from deeptensor.reading import read_cube

KIND = "stack"
TITLE = "CAVE peppers and jelly beans"
LICENCE = "available to the research community"
CITATION = (
    "Yasuma, Mitsunaga, Iso, Nayar: Generalized Assorted Pixel Camera: Post-Capture Control of Resolution, Dynamic "
    "Range and Spectrum. Technical report CUCS-061-08, Columbia University, 2008"
)
STANDS_IN_FOR = None
RGB = (25, 15, 5)  # 650, 550 and 450 nm

SCENES = ("fake_and_real_peppers", "jelly_beans")


def load(folder: Path, *, size: int | None = None) -> list[Item]:
    """Return the scenes (512 x 512 x 31), each cropped to the central `size` x `size` pixels and over its maximum."""
    cubes = {name: cropped(read_cube(folder / f"{name}_ms"), size) for name in SCENES}
    return [Item(name, normalised(name, cube)) for name, cube in cubes.items()]
