"""The primary measure against iterations and against seconds."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.metrics import METRICS
from benchmark.report.scene import Scene
from benchmark.report.style import GREY, LEGEND, WIDTH, colours_of, missing, plain

REFERENCES = 9
MARKERS = {"rising": "^", "falling": "v"}


def draw(scene: Scene) -> Figure:
    """Return the primary measure against iterations and against seconds, in two panels.

    A line is the mean over items and seeds, as far as all of them ran: solid for the last iterate, dashed for the
    average. Of the methods without a curve, controls, subject, reference and the best others are horizontal lines, in
    the right panel from the second at which they end; a diamond is the level that an iterative method returned; a
    triangle marks a line that still gets better: its last snapshot is its best.
    """
    summary, better = scene.summary, "rising" if scene.higher_is_better else "falling"
    lost = missing(summary.loc[summary["n"] == 0, "label"])
    rows = summary.assign(level=summary[f"{scene.metric}_mean"])
    rows = rows[(rows["iterate"] == "returned") & np.isfinite(rows["level"])]
    iterative = list(dict.fromkeys(scene.curves["label"]))
    levels = rows[~rows["label"].isin(iterative)].sort_values("level", ascending=not scene.higher_is_better)
    kept = levels["control"] | levels["label"].isin(scene.always) | ((~levels["control"]).cumsum() <= REFERENCES)
    colours = colours_of([*iterative, *levels.loc[kept & ~levels["control"], "label"]], scene.subject)

    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey="row")
    for axis, unit in zip(axes, ("iteration", "seconds"), strict=True):
        axis.set_xscale("log")
        axis.set_xlabel("iterations" if unit == "iteration" else "seconds")
        plain(axis, 8)
        _draw_curves(axis, unit, scene, rows.set_index("label")["level"], colours, better)
    if not kept.all():
        axes[0].annotate(
            f"without {(~kept).sum()} weaker methods that have no curve",
            (0.98, 0.02),
            xycoords="axes fraction",
            ha="right",
            fontsize=6,
            color=GREY,
        )
    _draw_levels(*axes, levels[kept], colours)
    axes[0].set_title(f"{scene.dataset}, {scene.noise}", loc="left", fontsize=9)
    axes[0].set_ylabel(METRICS[scene.metric].label)
    axes[1].set_title(lost, loc="left", fontsize=8)
    handles = [Line2D([], [], color=colours[label], label=label) for label in iterative]
    handles += [
        Line2D([], [], color=GREY, label="last iterate"),
        Line2D([], [], color=GREY, ls="--", label="average of iterates"),
        Line2D([], [], color=GREY, ls="", marker="D", ms=5, label="returned"),
        Line2D([], [], color=GREY, ls="", marker=MARKERS[better], ms=5, mfc="white", label=f"still {better}"),
    ]
    figure.legend(handles=handles, loc="outside lower center", **LEGEND)
    return figure


def mean_curve(line: pd.DataFrame) -> pd.DataFrame:
    """Return the mean seconds and value at each iteration that all runs of a line have reached."""
    points = line.groupby("iteration").agg(seconds=("seconds", "mean"), value=("value", "mean"), runs=("value", "size"))
    return points[points["runs"] == points["runs"].max()].reset_index()


def _draw_curves(
    axis: Axes, unit: str, scene: Scene, returned: pd.Series, colours: Mapping[str, str], better: str
) -> None:
    for (label, iterate), line in scene.curves.groupby(["label", "iterate"], sort=False):
        mean = mean_curve(line)
        end, style = mean.iloc[-1], {"color": colours[label], "label": f"{label}, {iterate}"}
        axis.plot(mean[unit], mean["value"], "-" if iterate == "last" else "--", lw=1.6, **style)
        if label in returned:
            axis.plot(end[unit], returned[label], "D", color=colours[label], ms=5, mec="white", zorder=3)
        best = mean["value"].max() if scene.higher_is_better else mean["value"].min()
        if len(mean) > 1 and end["value"] == best:
            style["label"] += f", still {better}"
            axis.plot(end[unit], end["value"], MARKERS[better], ms=5, mfc="white", zorder=4, **style)


def _draw_levels(by_iteration: Axes, by_seconds: Axes, rows: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Draw a line for each row of `rows` and its label at the right edge, labels spread so that none covers another."""
    rows = rows.sort_values("level")
    end = max([by_seconds.get_xlim()[1], *2 * rows["seconds"]])
    for row in rows.itertuples():
        style = {"color": GREY if row.control else colours[row.label], "lw": 0.8, "ls": ":" if row.control else "-"}
        by_iteration.axhline(row.level, **style)
        if row.control:
            by_seconds.axhline(row.level, **style)
        else:
            by_seconds.plot([row.seconds, end], [row.level] * 2, marker="o", markevery=[0], ms=3, **style)
    by_seconds.set_xlim(right=end)
    low, high = by_seconds.get_ylim()
    heights = _spread(rows["level"].to_numpy(), gap=(high - low) / 26)
    for row, height in zip(rows.itertuples(), heights, strict=True):
        by_seconds.annotate(
            row.label,
            (1, row.level),
            (1.04, height),
            xycoords=by_seconds.get_yaxis_transform(),
            textcoords=by_seconds.get_yaxis_transform(),
            va="center",
            fontsize=7,
            color=GREY if row.control else colours[row.label],
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": GREY, "shrinkA": 0, "shrinkB": 0},
        )


def _spread(levels: np.ndarray, gap: float) -> np.ndarray:
    """Return the ascending `levels`, moved apart to be at least `gap` from each other, about where they were."""
    steps = gap * np.arange(len(levels))
    raised = np.maximum.accumulate(levels - steps) + steps
    lowered = np.minimum.accumulate((levels - steps)[::-1])[::-1] + steps
    return (raised + lowered) / 2
