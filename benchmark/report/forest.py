"""The picture of the README: what the claims say in decibels, as measured, beside what each of them needs."""

import re
import textwrap
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import CARETLEFTBASE, CARETRIGHTBASE

from benchmark.metrics import METRICS
from benchmark.report.scorecard import needed, split_unit
from benchmark.report.style import WIDTH, plain, save, say

HOLDS, FAILS, NEEDED = "#0072B2", "#D55E00", "black"
# In inches: what a row takes, which has room for two lines, and the words around all of them.
ROW, AROUND = 0.27, 1.3
STRETCH = 2.0
# Of the lines of a label; what two do not hold is cut.
LONGEST = 54
UNIT = "dB"


def forest(card: pd.DataFrame) -> Figure:
    """Return a row for each condition in decibels, with its mean, its interval where it has one, and what it needs.

    What it needs is a mark with its flat side where the condition begins to hold, margins included, that points to
    where it does; a condition that holds between two values has a mark at each.
    """
    in_decibels = card["effect"].map(split_unit).str[1] == UNIT
    rows = card[in_decibels & (card["n"] > 0) & card["mean"].notna()].reset_index(drop=True)
    figure = Figure(figsize=(WIDTH, AROUND + ROW * len(rows)), layout="constrained")
    axis = figure.subplots()
    if rows.empty:
        say(axis, "no claim is about a difference in decibels")
        return figure
    for number, row in rows.iterrows():
        colour = HOLDS if row["holds"] else FAILS
        if row["n"] > 1:
            axis.plot([row["low"], row["high"]], [number, number], color=colour, lw=1.6)
        axis.plot(row["mean"], number, "o", color=colour, ms=5, mfc=colour if row["n"] > 1 else "white")
        for place, upwards in needed(row):
            marker = CARETRIGHTBASE if upwards else CARETLEFTBASE
            axis.plot(place, number, color=NEEDED, marker=marker, ms=6, mew=0, zorder=3)
    labels = [_wrapped(f"{row['where']}: {_words(row['effect'])}") for _, row in rows.iterrows()]
    axis.set_yticks(range(len(rows)), labels, fontsize=7.5, linespacing=0.95)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.axvline(0, color="#999999", lw=0.8, zorder=0)
    axis.set_xscale("symlog", linthresh=STRETCH, linscale=1.5)
    axis.margins(x=0.04)
    ticks = (-10, -5, -2, -1, 0, 1, 2, 5, 10)
    axis.set_xticks(ticks, [f"{tick:+d}" if tick else "0" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel("difference [dB]; beyond 2 dB the axis is logarithmic", fontsize=8)
    plain(axis, 8)
    handles = [
        Line2D([], [], color=HOLDS, marker="o", ms=5, label="holds"),
        Line2D([], [], color=FAILS, marker="o", ms=5, label="does not hold"),
        Line2D([], [], color="#555555", marker="o", mfc="white", ls="", ms=5, label="one unit: no interval"),
        Line2D(
            [], [], color=NEEDED, marker=CARETRIGHTBASE, ls="", ms=6, mew=0, label="needed: from here, as it points"
        ),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    return figure


def write_forest(card: pd.DataFrame, path: Path) -> None:
    """Write the picture as SVG, the same bytes for the same numbers."""
    save(forest(card), path)


def _words(effect: str) -> str:
    """Return an effect without its unit, and without what follows a semicolon."""
    words = split_unit(effect.partition(";")[0])[0].replace("_", " ")
    names = [split_unit(metric.label) for metric in METRICS.values()]
    labels = [re.escape(f"{name} ") for name, unit in names if unit == UNIT]
    words = re.sub(rf"\b(?:{'|'.join(labels)})", "", words).strip(" ,")  # whole words: one name may end in another
    return " ".join(words.split())


def _wrapped(label: str) -> str:
    return "\n".join(textwrap.wrap(label, LONGEST, max_lines=2, placeholder=" …"))
