"""The primary measure against iterations and against seconds."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from benchmark.metrics import METRICS
from benchmark.report.looks import GREY, MARKERS, PALE, Look, looks_of
from benchmark.report.scene import Scene, fewer_seeds_of, heading_of, leaders_of
from benchmark.report.style import WIDTH, handle, legend_of, missing, plain, rest, spread
from benchmark.report.tables import timed_per_item

FORMAT = "svg"
HEIGHT = 3.5
# So many of the other methods without a curve are drawn, and so many curves of others stand out.
REFERENCES = 9
LEADERS = 3
# So many broad lines do not cover each other.
FEW = 3
# So far along a curve is it from marker to marker, in diagonals of the panel.
APART = 0.12


def draw(scene: Scene) -> Figure:
    """Return the primary measure against iterations and against seconds, in two panels, or levels alone in one.

    A line is the mean over all items and seeds, solid for the last iterate, dashed for the average. A run that ended
    keeps its last value and its last second in that mean, which so is of the same runs everywhere: without those that
    ended it would be one of the hardest alone, and jump where an easy one ends. Markers along solid lines tell apart
    what has one colour, dashes and shades having other meanings; one with a black edge is what the method returned,
    at the mean iterations and the mean seconds of its runs, or at the end of the line where iterations are not counted;
    as single runs go on for longer than the mean, a line against iterations can pass it. Of the methods without a
    curve, controls, subject, reference and the best others are horizontal lines, in the right panel from the second at
    which they end; where no method has a curve, there are levels in that panel alone. Where the experiment says which
    methods the source shows, and they are several, these stand first in panels of their own; then come all, of which
    other curves than theirs, the reference's, the subject's and the three best others' are pale. Panels end half as far
    beyond the levels of what is not pale as these are apart, so that first iterates, and pale methods that diverged,
    leave them.
    """
    everything = list(dict.fromkeys([*scene.summary["label"], *scene.curves["label"]]))
    shown = [label for label in scene.shown_by_source if label in everything]
    others = set(everything) - set(shown)
    blocks = {heading_of(scene.entry): shown} if len(shown) > 1 or (shown and not others) else {}
    if others or not blocks:
        blocks["All methods"] = everything
    figure = Figure(figsize=(WIDTH, (HEIGHT + 0.2) * len(blocks) + 0.3), layout="constrained")
    figure.suptitle(scene.title, x=0.01, ha="left", fontsize=9)
    parts = figure.subfigures(len(blocks), 1, squeeze=False)[:, 0]
    for part, (heading, labels) in zip(parts, blocks.items(), strict=True):
        if len(blocks) > 1:
            part.suptitle(heading, x=0.01, ha="left", fontsize=10, fontweight="bold")
        _draw_block(part, scene, labels)
    return figure


def mean_curve(line: pd.DataFrame) -> pd.DataFrame:
    """Return the mean seconds and value of all runs at each iteration that the runs have a point of or ended before.

    A run that ended keeps its last point. Nothing is interpolated: an iteration that a run passed without one is left.
    """
    runs = line.pivot_table(["seconds", "value"], "iteration", ["item", "seed"], aggfunc="last")
    ended = runs.bfill().isna()
    whole = (runs.notna() | ended).all(axis=1)
    return runs.ffill()[whole].T.groupby(level=0).mean().T.reset_index()


def _draw_block(figure: SubFigure, scene: Scene, labels: Collection[str]) -> None:
    summary = scene.summary[scene.summary["label"].isin(labels)]
    curves = timed_per_item(scene.curves[scene.curves["label"].isin(labels)], scene.scores)
    rows = summary.assign(level=summary[f"{scene.metric}_mean"])
    rows = rows[(rows["iterate"] == "returned") & np.isfinite(rows["level"])]
    iterative, looks = list(dict.fromkeys(curves["label"])), looks_of(scene.entry)
    strong = {*scene.always, *leaders_of(scene.entry, scene.scores, LEADERS)}
    levels = rows[~rows["label"].isin(iterative)].sort_values("level", ascending=not scene.higher_is_better)
    kept = levels["control"] | levels["label"].isin(scene.always) | ((~levels["control"]).cumsum() <= REFERENCES)
    returned = {row.label: row for row in rows.itertuples() if row.label in iterative}

    units = ("iteration", "seconds") if iterative else ("seconds",)
    axes = figure.subplots(1, len(units), sharey="row", squeeze=False)[0]
    for axis, unit in zip(axes, units, strict=True):
        axis.set_xscale("log")
        axis.set_xlabel("iterations" if unit == "iteration" else "seconds", fontsize=8)
        plain(axis, 8)
        for (label, iterate), line in curves.groupby(["label", "iterate"], sort=False):
            if label in strong:
                _draw_curve(axis, unit, line, iterate, looks[label], scene, returned.get(label))
            elif iterate == "last":
                mean = mean_curve(line)
                axis.plot(mean[unit], mean["value"], color=PALE, lw=0.8, zorder=1.5, label=f"{label}, {iterate}")
    # Without curves a panel has levels alone, which say more beside those of controls.
    decided = kept & ~levels["control"] if iterative else kept
    decisive = [*levels.loc[decided, "level"], *_best_of(curves[curves["label"].isin(strong)], scene)]
    decisive += [row.level for label, row in returned.items() if label in strong]
    if decisive:
        axes[0].set_ylim(_limits(decisive, scene.higher_is_better))
    _draw_levels(axes, levels[kept], looks, scene.reference)
    axes[0].set_ylabel(METRICS[scene.metric].label, fontsize=8)
    lost = missing(summary.loc[summary["n"] == 0, "label"].unique())
    left = f"without {(~kept).sum()} weaker methods that have no curve" if not kept.all() else ""
    curveless = "" if iterative else "no method has a curve"
    axes[-1].set_title("; ".join(filter(None, [curveless, lost, left])), loc="right", fontsize=7, color=GREY)
    fewer = fewer_seeds_of(scene.entry)
    handles = [
        handle(fewer.get(label, label), looks[label], lw=_width(label, scene))
        for label in looks
        if label in iterative and label in strong
    ]
    if pale := [label for label in iterative if label not in strong]:
        handles.append(rest(len(pale)))
    kinds = {
        "last": Line2D([], [], color=GREY, label="last iterate"),
        "average": Line2D([], [], color=GREY, ls="--", label="average of iterates"),
        "returned": Line2D([], [], color=GREY, ls="", marker="o", ms=5, mec="black", mew=0.8, label="returned"),
    }
    drawn = {*curves.loc[curves["label"].isin(strong), "iterate"], *(["returned"] if strong & set(returned) else [])}
    handles += [own for kind, own in kinds.items() if kind in drawn]
    figure.legend(**legend_of(handles, WIDTH))


def _width(label: str, scene: Scene) -> float:
    """Return how broad a line is: broad for the subject, as far as the source shows it, if few lines are."""
    broad = set(scene.subject) & set(scene.shown_by_source or scene.subject)
    return 1.2 if label not in broad else 2.2 if len(broad) <= FEW else 1.6


def _draw_curve(
    axis: Axes, unit: str, line: pd.DataFrame, iterate: str, look: Look, scene: Scene, returned: Any
) -> None:
    """Draw a line and, on that of the last iterate, a marker at `returned`, the summary's row, or None for none."""
    label = line["label"].iloc[0]
    mean, last = mean_curve(line), iterate == "last"
    style = {"color": look.colour, "zorder": 3 if label in scene.subject else 2.5}
    [drawn] = axis.plot(
        mean[unit],
        mean["value"],
        "-" if last else "--",
        lw=_width(label, scene) if last else 1.0,
        label=f"{label}, {iterate}",
        **style,
    )
    if last:
        # Each its own start, so that markers of lines that lie on each other do not.
        start = MARKERS.index(look.marker) / len(MARKERS) * APART
        drawn.set(marker=look.marker, ms=4.5, mec="white", mew=0.4, markevery=(start, APART))
    if last and returned is not None:
        place = returned.iterations if unit == "iteration" else returned.seconds
        # Not every method counts its iterations.
        place = mean[unit].iloc[-1] if np.isnan(place) else place
        axis.plot(place, returned.level, look.marker, ms=6.5, mec="black", mew=0.8, **style | {"zorder": 4})


def _best_of(curves: pd.DataFrame, scene: Scene) -> Iterable[float]:
    extreme = "max" if scene.higher_is_better else "min"
    for _, line in curves.groupby(["label", "iterate"]):
        yield mean_curve(line)["value"].agg(extreme)


def _limits(levels: Iterable[float], higher_is_better: bool) -> tuple[float, float]:
    low, high = min(levels), max(levels)
    spread = max(high - low, 0.2 * abs(high))
    worse, better = 0.5 * spread, 0.08 * spread
    return (low - worse, high + better) if higher_is_better else (low - better, high + worse)


def _draw_levels(axes: Sequence[Axes], rows: pd.DataFrame, looks: Mapping[str, Look], reference: str | None) -> None:
    """Draw a line for each row of `rows` and its label at the right edge, labels spread so that none covers another.

    The reference's lies on top of all. Controls that lie outside the panel have neither line nor label.
    """
    *by_iteration, by_seconds = axes
    low, high = by_seconds.get_ylim()
    rows = rows[rows["level"].between(low, high)].sort_values("level")
    end = max([by_seconds.get_xlim()[1], *2 * rows["seconds"]])
    for row in rows.itertuples():
        first = row.label == reference
        style = {"color": looks[row.label].colour, "ls": ":" if row.control else "-", "label": row.label}
        style |= {"lw": 1.6 if first else 0.8, "zorder": 3.5 if first else 2.2}
        for axis in by_iteration:
            axis.axhline(row.level, **style)
        if row.control:
            by_seconds.axhline(row.level, **style)
        else:
            by_seconds.plot(
                [row.seconds, end], [row.level] * 2, marker=looks[row.label].marker, markevery=[0], ms=4, **style
            )
    by_seconds.set_xlim(right=end)
    heights = spread(rows["level"].to_numpy(), gap=(high - low) / 22)
    for row, height in zip(rows.itertuples(), heights, strict=True):
        by_seconds.annotate(
            row.label,
            (1, row.level),
            (1.04, height),
            xycoords=by_seconds.get_yaxis_transform(),
            textcoords=by_seconds.get_yaxis_transform(),
            va="center",
            fontsize=7,
            fontweight="bold" if row.label == reference else None,
            color=looks[row.label].colour,
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": GREY, "shrinkA": 1, "shrinkB": 0, "relpos": (0, 0.5)},
        )
