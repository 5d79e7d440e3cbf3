"""What figures share: the width of an A4 page, colours, and plain axes."""

import textwrap
from collections.abc import Iterable, Sequence
from itertools import cycle

from matplotlib.axes import Axes

WIDTH = 8.0
# From the palettes of Okabe and Ito and of Paul Tol, which colour-blind eyes tell apart; beyond twelve they repeat.
COLOURS = (
    *("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#332288", "#882255", "#999933", "#AA4499", "#117733", "#661100"),
)
GREY = "#777777"
LEGEND = {"ncols": 4, "frameon": False, "fontsize": 8, "title_fontsize": 8}


def colours_of(labels: Iterable[str], subject: Iterable[str] = ()) -> dict[str, str]:
    """Return a colour for each label of a figure; those of the subject have the first ones, the same in all figures.

    Of more labels than there are colours, others share theirs among themselves.
    """
    own = list(dict.fromkeys(subject))
    others = [label for label in dict.fromkeys(labels) if label not in own]
    left = COLOURS[len(own) :] or COLOURS
    return dict(zip(own, cycle(COLOURS), strict=False)) | dict(zip(others, cycle(left), strict=False))


def plain(axis: Axes, size: int = 7) -> None:
    """Leave of an axis two spines, a pale grid, and ticks of a font size."""
    axis.grid(color="#EEEEEE")
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=size)


def missing(labels: Sequence[str]) -> str:
    """Return what to say of methods without an estimate."""
    return f"no estimate: {', '.join(labels)}" if len(labels) else ""


def say(axis: Axes, text: str) -> None:
    """Fill an empty panel with a text."""
    axis.set_facecolor("#F2F2F2")
    axis.text(0.5, 0.5, textwrap.fill(text, 20), ha="center", va="center", transform=axis.transAxes, fontsize=7)
