"""The figure of an experiment that goes through ranks, noise levels or numbers of samples: a score against them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.metrics import METRICS
from benchmark.report.scene import labels_of
from benchmark.report.statistics import best_iteration
from benchmark.report.style import GREY, LEGEND, WIDTH, colours_of, plain, say
from benchmark.report.tables import OBSERVATION

COLUMNS = 3
BEST_ITERATION = "best_iteration"
LABELS = {name: metric.label for name, metric in METRICS.items()} | {BEST_ITERATION: "best iteration, by the truth"}


def draw(entry: Mapping, scores: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Return a panel for each metric and each setting that is not swept over, with a line for each method.

    The `sweep` of the experiment's entry goes `over` a column of the scores: `rank`, or `dataset` or `noise`, whose
    names `values` turns into numbers of the axis named `label`. Beside metrics, `best_iteration` is that of the curves'
    best value. A point is the mean over items and seeds, its bar one standard deviation. Solid lines are what methods
    returned; dashed ones, in panels of the primary measure alone, are the best iterate by it against the truth
    (oracle). Controls are grey, and cut off where they lie above all methods, lest they flatten the differences.
    """
    over, metrics, values = entry["sweep"]["over"], entry["sweep"]["metrics"], entry["sweep"]["values"]
    rows = pd.concat([scores, _best_iterations(scores, curves)], ignore_index=True)
    by_truth = (rows["iterate"] == "oracle") & rows["metric"].isin([entry["metric"], BEST_ITERATION])
    rows = rows[rows["metric"].isin(metrics) & ((rows["iterate"] == "returned") | by_truth)]
    position = rows[over] if over == "rank" else rows[over].map(values)
    rows = rows.assign(position=position.astype(float)).dropna(subset=["position"])
    fixed = [name for name in ("dataset", "noise") if name != over]
    panels = [
        (names, metric, part)
        for metric in metrics
        for names, part in rows[rows["metric"] == metric].groupby(fixed, sort=False)
    ]
    if not panels:
        figure = Figure(figsize=(WIDTH, 2), layout="constrained")
        say(figure.subplots(), "no value at any point of the axis")
        return figure
    columns = min(COLUMNS, len(panels))
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(WIDTH, 1.2 + 2.4 * lines), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    controls = rows["control"].astype(bool)
    drawn = rows.loc[~controls, "label"].unique()
    colours = colours_of(drawn, labels_of(entry, entry["subject"]))
    for axis, (names, metric, part) in zip(axes, panels, strict=False):
        for (label, iterate), line in part.groupby(["label", "iterate"], sort=False):
            colour = GREY if line["control"].astype(bool).any() else colours[label]
            _draw_line(axis, line, colour, iterate == "oracle")
        if metric == BEST_ITERATION:
            axis.set_yscale("log")
        else:
            axis.set_ylim(top=_top(part))
        axis.set_title(", ".join(names), fontsize=8, loc="left")
        axis.set_xlabel(entry["sweep"]["label"], fontsize=8)
        axis.set_ylabel(LABELS[metric], fontsize=8)
        plain(axis)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    handles = [
        Line2D([], [], color=colour, marker="o", ms=3, label=name) for name, colour in colours.items() if name in drawn
    ]
    if controls.any():
        handles.append(Line2D([], [], color=GREY, marker="o", ms=3, label="control"))
    if (rows["iterate"] == "oracle").any():
        handles.append(Line2D([], [], color="black", ls="--", label="oracle"))
    figure.legend(handles=handles, loc="outside lower center", **LEGEND | {"fontsize": 7})
    return figure


def _best_iterations(scores: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each run that kept a curve, like a row of the scores: the iteration of its best value."""
    run = [*OBSERVATION, "method"]
    traces = curves[(curves["iterate"] == "last") & curves["value"].notna()]
    if traces.empty:
        return scores.head(0)
    best = traces.groupby(run).apply(best_iteration).rename("value").reset_index()
    facts = scores.drop_duplicates(run)[[*run, "label", "rank", "control"]].astype({"seed": "int64"})
    return best.merge(facts, on=run).assign(metric=BEST_ITERATION, iterate="oracle")


def _top(part: pd.DataFrame) -> float | None:
    values = part["value"].where(np.isfinite(part["value"]))
    highest, lowest = values[~part["control"].astype(bool)].max(), values.min()
    return None if np.isnan(highest) else highest + 0.05 * (highest - lowest)


def _draw_line(axis: Axes, line: pd.DataFrame, colour: str, oracle: bool) -> None:
    points = line[np.isfinite(line["value"])].groupby("position")["value"].agg(["mean", "std"]).fillna(0)
    axis.errorbar(
        points.index,
        points["mean"],
        yerr=points["std"],
        color=colour,
        lw=1,
        ls="--" if oracle else "-",
        marker=None if oracle else "o",
        ms=3,
        capsize=0 if oracle else 2,
        elinewidth=0 if oracle else 0.7,
    )
