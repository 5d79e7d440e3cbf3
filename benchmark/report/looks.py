"""How methods look in all figures: a colour by family, a marker by place."""

import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.storage import load_yaml

GREY, PALE = "#777777", "#C8C8C8"
# Of Okabe and Ito, as most colours of the families; no family has it.
SUBJECT = "#D55E00"
FAMILIES = Path(__file__).with_name("families.yaml")
# They tell apart what has one colour, in the order of the experiment's methods.
MARKERS = "osD^vPX<>*hp"


@dataclass(frozen=True)
class Look:
    """How a method looks in every figure of an experiment: its colour is that of its family in all experiments."""

    colour: str
    marker: str


def looks_of(entry: Mapping) -> dict[str, Look]:
    """Return the look of each method of an experiment by label, whichever of them a figure shows."""
    families, looks, taken = load_yaml(FAMILIES), {}, Counter()
    for name, method in entry["methods"].items():
        colour = SUBJECT if name in entry["subject"] else _colour_of(method["family"], families)
        looks[method["label"]] = Look(colour, MARKERS[taken[colour] % len(MARKERS)])
        taken[colour] += 1
    return looks


def _colour_of(family: str, families: Mapping[str, str]) -> str:
    """Return the colour of a family; that of one that has none there is drawn by its name, and so always the same."""
    known = sorted(set(families.values()) - {GREY})
    return families.get(family) or known[zlib.crc32(family.encode()) % len(known)]
