"""What figures share: the width of an A4 page, plain axes, legends, and how they are saved."""

import math
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import Formatter, FuncFormatter

from benchmark.report.looks import PALE, Look
from benchmark.storage import written_whole

WIDTH = 8.0
DPI = 150
# Of many fonts each text of an SVG would name all.
SAVED = {"svg.fonttype": "none", "svg.hashsalt": "the same", "font.sans-serif": ["DejaVu Sans"]}
# Letters of the smallest font in an inch, and as many as a line takes in a legend.
LETTERS, LINE = 18, 12
LEGEND = {"ncols": 4, "frameon": False, "fontsize": 7, "title_fontsize": 7}


def handle(label: str, look: Look, **style) -> Line2D:
    """Return what stands for a method in a legend."""
    return Line2D([], [], color=look.colour, marker=look.marker, ms=5, mec="white", mew=0.4, label=label, **style)


def legend_of(handles: Sequence[Line2D], width: float) -> dict:
    """Return the legend below a figure of a width in inches: in as many columns, one below the other, as fit."""
    labels, fitting = [own.get_label() for own in handles], 1
    for number in range(min(LEGEND["ncols"], len(labels)), 1, -1):
        if sum(LINE + max(map(len, column)) for column in np.array_split(labels, number)) <= LETTERS * width:
            fitting = number
            break
    return LEGEND | {"handles": handles, "loc": "outside lower center", "ncols": fitting}


def rest(number: int) -> Line2D:
    """Return what stands in a legend for the methods that are pale."""
    return Line2D([], [], color=PALE, lw=0.8, label=f"{number} other method{'s' if number > 1 else ''}")


def plain(axis: Axes, size: int = 7) -> None:
    """Leave of an axis two spines, a pale grid, and ticks of a font size, on logarithmic axes three numbers or more."""
    axis.grid(color="#EEEEEE")
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(which="both", labelsize=size)
    axis.tick_params(which="minor", pad=5)  # as far from the axis as those of longer ticks
    for line in (axis.xaxis, axis.yaxis):
        if line.get_scale() in ("log", "symlog"):
            line.set_major_formatter(FuncFormatter(lambda value, _: written(value)))
            line.set_minor_formatter(BetweenPowers())


class BetweenPowers(Formatter):
    """Writes at ticks between powers of ten what an axis needs to have three numbers: 2 and 5 times these, or all."""

    def __call__(self, value: float, pos: int | None = None) -> str:
        """Return the number, as a tick that has a text shows it."""
        return written(value)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the texts of the ticks between powers of ten, most of them empty."""
        seen = [value for value in values if self._is_seen(value)]
        powers = sum(map(self._is_seen, self.axis.get_majorticklocs()))
        halves = [value for value in seen if f"{value:e}".strip("-").partition("e")[0] in ("2.000000", "5.000000")]
        named = next((some for some in ([], halves) if powers + len(some) >= 3), seen)
        return [self(value) if value in named else "" for value in values]

    def _is_seen(self, value: float) -> bool:
        low, high = sorted(self.axis.get_view_interval())
        return low <= value <= high


def written(value: float) -> str:
    """Return a number as an axis shows it: a large or a small power of ten as a power."""
    if value > 0 and not 1e-4 <= value < 1e5 and math.log10(value).is_integer():
        return rf"$10^{{{math.log10(value):.0f}}}$"
    return f"{value:g}"


def spread(levels: np.ndarray, gap: float) -> np.ndarray:
    """Return the ascending `levels`, moved apart to be at least `gap` from each other, about where they were."""
    steps = gap * np.arange(len(levels))
    raised = np.maximum.accumulate(levels - steps) + steps
    lowered = np.minimum.accumulate((levels - steps)[::-1])[::-1] + steps
    return (raised + lowered) / 2


def missing(labels: Sequence[str]) -> str:
    """Return what to say of methods without an estimate."""
    return f"no estimate: {', '.join(labels)}" if len(labels) else ""


def headline(axis: Axes, text: str, **style) -> None:
    """Write a line of text in place of a panel."""
    axis.set_axis_off()
    axis.text(0, 0, text, va="bottom", transform=axis.transAxes, fontsize=9, **style)


def say(axis: Axes, text: str) -> None:
    """Fill an empty panel with a text."""
    axis.set_facecolor("#F2F2F2")
    axis.text(0.5, 0.5, textwrap.fill(text, 20), ha="center", va="center", transform=axis.transAxes, fontsize=7)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG with its text as text, or as WebP, by the ending: the same bytes for the same figure."""
    with rc_context(SAVED), written_whole(path) as partial:
        if path.suffix == ".svg":
            figure.savefig(partial, metadata={"Date": None})
            partial.write_text(compact(partial.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            figure.savefig(partial, dpi=DPI, pil_kwargs={"quality": 60, "method": 6})


def compact(svg: str) -> str:
    """Return an SVG without indents, its numbers cut to hundredths of a point, and each style written once, as a class.

    Names are short, and those that nothing refers to are left out.
    """
    svg = re.sub(r"\n\s+", "\n", svg)
    svg = re.sub(r'="[^"]*"', lambda value: re.sub(r"(?<![\w.])(-?\d+\.\d\d)\d+", r"\1", value[0]), svg)
    used = set(re.findall(r'#([\w.-]+)["\)]', svg))
    svg = re.sub(r' id="([^"]*)"', lambda name: name[0] if name[1] in used else "", svg)
    names = {name: f"n{number}" for number, name in enumerate(dict.fromkeys(re.findall(r' id="([^"]*)"', svg)))}
    svg = re.sub(r'(?<=#)[\w.-]+(?=["\)])|(?<= id=")[^"]*', lambda name: names.get(name[0], name[0]), svg)
    styles = {style: f"s{number}" for number, style in enumerate(dict.fromkeys(re.findall(r' style="([^"]*)"', svg)))}
    svg = re.sub(r' style="([^"]*)"', lambda style: f' class="{styles[style[1]]}"', svg)
    rules = "".join(f"\n.{name}{{{style}}}" for style, name in styles.items())
    return svg.replace("</style>", f"{rules}</style>", 1)
