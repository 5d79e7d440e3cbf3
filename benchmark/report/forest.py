"""The picture of the README: what the claims say in decibels, as measured, beside what each of them needs."""

import re
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.metrics import METRICS
from benchmark.report.style import WIDTH, plain, save, say

HOLDS, FAILS, NEEDED = "#0072B2", "#D55E00", "black"
# In points of a page: what a row takes, and the words around all of them.
ROW, AROUND = 0.24, 1.3
STRETCH = 2.0
LONGEST = 56
UNIT = "[dB]"


def forest(card: pd.DataFrame) -> Figure:
    """Return a row for each condition in decibels, with its mean, its interval where it has one, and its threshold."""
    rows = card[card["effect"].str.contains(r"\[dB\]") & (card["n"] > 0) & card["mean"].notna()].reset_index(drop=True)
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
        for threshold in _thresholds(row["test"]):
            axis.plot(threshold, number, "|", color=NEEDED, ms=11, mew=1.6)
    labels = [f"{row['where']}: {_words(row['effect'])}" for _, row in rows.iterrows()]
    axis.set_yticks(range(len(rows)), labels, fontsize=8)
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
        Line2D([], [], color=NEEDED, marker="|", ls="", ms=11, mew=1.6, label="needed"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    return figure


def write_forest(card: pd.DataFrame, path: Path) -> None:
    """Write the picture as SVG, the same bytes for the same numbers."""
    save(forest(card), path)


def _words(effect: str) -> str:
    """Return an effect without its unit, and without what follows a semicolon."""
    words = effect.partition(";")[0].replace(f" {UNIT}", "").replace("_", " ")
    labels = [re.escape(metric.label.removesuffix(UNIT)) for metric in METRICS.values() if metric.label.endswith(UNIT)]
    words = re.sub(rf"\b(?:{'|'.join(labels)})", "", words).strip(" ,")  # whole words: one name may end in another
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def _thresholds(test: str) -> list[float]:
    """Return the thresholds that the words of a test name: `within ±1` has two."""
    name, number = (
        test.split()[0],
        next(word for word in test.split() if word.lstrip("±-").replace(".", "", 1).isdigit()),
    )
    value = float(number.lstrip("±"))
    return [-value, value] if name == "within" else [value]
