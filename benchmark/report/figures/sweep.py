"""The figure of an experiment that goes through ranks, noise levels or numbers of samples: a score against them."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from benchmark.metrics import METRICS
from benchmark.report.looks import GREY, PALE, SUBJECT, Look, looks_of
from benchmark.report.scene import always_of, fewer_seeds_of, heading_of, labels_of, leaders_of
from benchmark.report.statistics import best_iteration
from benchmark.report.style import LETTERS, WIDTH, handle, legend_of, plain, rest, say
from benchmark.report.tables import OBSERVATION
from benchmark.report.wording import data_in_words, noise_in_words, rounded

FORMAT = "svg"
COLUMNS = 3
# So many of the other methods stand out beside subject, reference and the source's.
LEADERS = 3
# An axis whose last place is so many times the first is logarithmic, and one of errors that differ by such a factor.
WIDE, FAR = 50, 100
# What stands left of a panel, in inches.
LEFT = 0.5
BEST_ITERATION = "best_iteration"
COSTS = {"seconds": "Seconds", "peak_rss_mib": "Peak memory of the process [MiB]"}
LABELS = {name: metric.label for name, metric in METRICS.items()} | COSTS
LABELS[BEST_ITERATION] = "best iteration, by the truth"
LOGARITHMIC = {BEST_ITERATION, *COSTS, *(name for name, metric in METRICS.items() if metric.cost)}


def draw(entry: Mapping, scores: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Return a panel for each metric and each setting that is not swept over, with a line for each method.

    The `sweep` of the experiment's entry goes `over` a column of the scores: `rank`, or `dataset` or `noise`, whose
    names `values` turns into places of the axis named `label`, or, where they are texts, into ticks of their own beyond
    a break. Beside metrics, `best_iteration` is that of the curves' best value, and `seconds` and `peak_rss_mib` are
    what runs took. A point is the mean over items and seeds, its bar one standard deviation. Solid lines are what
    methods returned; dashed ones, in panels of the primary measure alone, are the best iterate by it against the truth
    (oracle). What runs took, and errors that are too far apart for a linear axis, have a logarithmic one, where a bar
    ends at a tenth of its mean if it would go below.

    Where the experiment says which methods the source shows, these stand first in panels of their own; then come all.
    There subject, reference, the source's methods and the three best others have their looks, and the rest is pale.
    Panels go as far as these and their bars do, and below them by half as much again: controls and the rest are cut off
    there, lest they flatten the differences.
    """
    over, metrics, values = entry["sweep"]["over"], entry["sweep"]["metrics"], entry["sweep"]["values"]
    rows = pd.concat([scores, _best_iterations(scores, curves), *_costs(scores)], ignore_index=True)
    by_truth = (rows["iterate"] == "oracle") & rows["metric"].isin([entry["metric"], BEST_ITERATION])
    rows = rows[rows["metric"].isin(metrics) & ((rows["iterate"] == "returned") | by_truth)]
    if over != "rank":
        numbers, ticks = _places(values)
        rows = rows.assign(position=rows[over].map(numbers))
    else:
        ticks = {}
        rows = rows.assign(position=rows["rank"])
    rows = rows.assign(position=rows["position"].astype(float)).dropna(subset=["position"])
    rows = rows[np.isfinite(rows["value"])]
    if rows.empty:
        figure = Figure(figsize=(WIDTH, 2), layout="constrained")
        say(figure.subplots(), "no value at any point of the axis")
        return figure
    shown, drawn = labels_of(entry, entry["shown"]), set(rows["label"])
    blocks = {heading_of(entry): rows[rows["label"].isin(shown)]} if drawn & set(shown) else {}
    if not blocks or drawn - set(shown):
        blocks["All methods"] = rows
    strong = {*labels_of(entry, always_of(entry)), *leaders_of(entry, scores, LEADERS)}
    fixed = [name for name in ("dataset", "noise") if name != over]
    numbers = [own.groupby([*fixed, "metric"]).ngroups for own in blocks.values()]
    heights = [1.1 + 2.1 * -(-number // _columns(number)) for number in numbers]
    if max(numbers) == 1:  # one beside the other
        figure = Figure(figsize=(WIDTH, 1.2 * max(heights)), layout="constrained")
        parts = figure.subfigures(1, len(blocks), squeeze=False)[0]
    else:
        figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
        parts = figure.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (heading, own) in zip(parts, blocks.items(), strict=True):
        if len(blocks) > 1:
            part.suptitle(heading, x=0.01, ha="left", fontsize=10, fontweight="bold")
        _draw_block(part, entry, own, fixed, ticks, strong)
    return figure


def _columns(panels: int) -> int:
    """Return in how many columns panels stand."""
    return 2 if panels == 4 else min(COLUMNS, panels)


def _draw_block(
    figure: SubFigure,
    entry: Mapping,
    rows: pd.DataFrame,
    fixed: list[str],
    ticks: Mapping[float, str],
    strong: set[str],
) -> None:
    controls = set(rows.loc[rows["control"].astype(bool), "label"])
    weak = ~rows["label"].isin(strong | controls)
    rows = rows[~weak | (rows["iterate"] == "returned")]
    panels = [
        (names, metric, part)
        for metric in entry["sweep"]["metrics"]
        for names, part in rows[rows["metric"] == metric].groupby(fixed, sort=False)
    ]
    columns = _columns(len(panels))
    width = figure.bbox.width / figure.dpi
    letters = round(LETTERS * (width / columns - LEFT))
    axes = figure.subplots(-(-len(panels) // columns), columns, squeeze=False).ravel()
    looks, drawn = looks_of(entry), list(dict.fromkeys(rows["label"]))
    [reference] = labels_of(entry, [entry["reference"]]) or [None]
    broad = set(labels_of(entry, entry["subject"])) & (set(labels_of(entry, entry["shown"])) or set(drawn))
    pale = [label for label in drawn if label not in strong and label not in controls]
    by_truth = False
    for axis, (names, metric, part) in zip(axes, panels, strict=False):
        decisive = part["label"].isin(strong - controls) | (metric in LOGARITHMIC)
        logarithmic = metric in LOGARITHMIC or _differ(part, decisive)
        for (label, iterate), line in part.groupby(["label", "iterate"], sort=False):
            bars = _bars(line, logarithmic)
            if label in pale:
                _draw_line(axis, bars, ticks, Look(PALE, ""), width=0.8, zorder=2)
            elif label in controls:
                _draw_line(axis, bars, ticks, looks[label], width=0.8, zorder=2.2, style=":")
            else:
                # The subject is broad, so that it is seen below a line that covers it; the reference is on top of all.
                broadness = 2.4 if label in broad else 1.3
                order = 2.6 if label in broad else 2.8 if label == reference else 2.4
                oracle = iterate == "oracle" and metric != BEST_ITERATION
                by_truth |= oracle
                style = {"style": "--", "width": 1.0} if oracle else {"width": broadness}
                look = Look(looks[label].colour, "" if oracle else looks[label].marker)
                _draw_line(axis, bars, ticks, look, zorder=order, **style)
        if logarithmic:
            axis.set_yscale("log")
        axis.set_ylim(_limits(part, decisive, logarithmic))
        _place(axis, np.unique(part["position"]), ticks, letters)
        title = _title(entry, dict(zip(fixed, names, strict=True)))
        axis.set_title(textwrap.fill(title, letters), fontsize=7, loc="left")
        axis.set_xlabel(textwrap.fill(entry["sweep"]["label"], letters), fontsize=7)
        axis.set_ylabel(LABELS[metric], fontsize=7)
        plain(axis)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    named = [label for label in looks if label in drawn and label not in pale]
    fewer = fewer_seeds_of(entry)
    handles = [
        handle(
            fewer.get(label, label),
            looks[label],
            ls=":" if label in controls else "-",
            lw=2.4 if label in broad else 1.3,
        )
        for label in sorted(named, key=lambda label: (label in controls, looks[label].colour != SUBJECT))
    ]
    if pale:
        handles.append(rest(len(pale)))
    if by_truth:
        handles.append(Line2D([], [], color=GREY, lw=1, ls="--", label="oracle: best iterate, by the truth"))
    figure.legend(**legend_of(handles, width))


def _title(entry: Mapping, names: Mapping[str, str]) -> str:
    """Return in words the data set and the noise that a panel is of, or the one that is not swept over."""
    words = [data_in_words(entry, names["dataset"])] if "dataset" in names else []
    return ", ".join([*words, *([noise_in_words(entry["noise"][names["noise"]])] if "noise" in names else [])])


def _places(values: Mapping[str, float | str]) -> tuple[dict[str, float], dict[float, str]]:
    """Return the place of each name on the axis, and the places beyond the break with their texts."""
    numbers = {name: float(value) for name, value in values.items() if not isinstance(value, str)}
    low, high = min(numbers.values(), default=0.0), max(numbers.values(), default=0.0)
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    beyond = {name: high + (count + 1) * ((high - low) / 3 or 1.0) for count, name in enumerate(texts)}
    return numbers | beyond, {beyond[name]: text for name, text in texts.items()}


def _place(axis: Axes, positions: np.ndarray, ticks: Mapping[float, str], letters: int) -> None:
    """Label the places of an axis of so many letters, and break it before those that are no numbers.

    Of a few numbers those are labelled that have room, from the left.
    """
    numbers = [position for position in positions if position not in ticks]
    beyond = [position for position in positions if position in ticks]
    if not ticks and numbers[0] > 0 and numbers[-1] / numbers[0] >= WIDE:
        axis.set_xscale("log")
    if len(positions) <= 8:
        texts = {position: ticks.get(position) or rounded(position) for position in positions}
        scale = np.log if axis.get_xscale() == "log" else np.asarray
        extent = np.ptp(scale(positions)) or 1.0
        edge, kept = -np.inf, []
        for position, text in texts.items():
            start = (scale(position) - scale(positions[0])) / extent * letters - len(text) / 2
            if position in ticks or start > edge:
                kept.append(position)
                edge = start + len(text) + 1
        axis.set_xticks(kept, [texts[position] for position in kept])
        axis.set_xticks([], minor=True)
    if numbers and beyond:
        middle = (numbers[-1] + beyond[0]) / 2
        style = {"transform": axis.get_xaxis_transform(), "clip_on": False, "color": "black", "zorder": 5}
        axis.plot([middle], [0], ls="", marker="s", ms=4, mec="white", mfc="white", **style)
        for shift in (-0.012, 0.012):
            place = middle + shift * (positions[-1] - positions[0])
            axis.plot([place], [0], ls="", marker=[(-0.4, -1), (0.4, 1)], ms=7, mew=0.8, **style)


def _best_iterations(scores: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each run that kept a curve, like a row of the scores: the iteration of its best value."""
    run = [*OBSERVATION, "method"]
    traces = curves[(curves["iterate"] == "last") & curves["value"].notna()]
    if traces.empty:
        return scores.head(0)
    best = traces.groupby(run).apply(best_iteration).rename("value").reset_index()
    facts = scores.drop_duplicates(run)[[*run, "label", "rank", "control"]]
    return best.merge(facts, on=run).assign(metric=BEST_ITERATION, iterate="oracle")


def _costs(scores: pd.DataFrame) -> list[pd.DataFrame]:
    """Return for each cost a row for each run, like a row of the scores."""
    runs = scores[scores["iterate"] == "returned"].drop_duplicates([*OBSERVATION, "method"])
    return [runs.assign(metric=name, value=runs[name]) for name in COSTS]


def _differ(part: pd.DataFrame, decisive: pd.Series) -> bool:
    """Tell whether values of a panel, errors above 0, are so far apart that the largest would flatten all others."""
    # Of what is better when it is more, decibels are logarithms already, and shares end at 1.
    if METRICS[part["metric"].iloc[0]].higher_is_better or not (part["value"] > 0).all():
        return False
    means = part[decisive].groupby(["label", "iterate", "position"])["value"].mean()
    return bool(means.max() > FAR * means.min())


def _bars(line: pd.DataFrame, logarithmic: bool) -> pd.DataFrame:
    """Return the mean at each place of a line, and how far its bar goes `up` and `down`: a standard deviation."""
    points = line.groupby("position")["value"].agg(["mean", "std"]).fillna(0)
    down = np.minimum(points["std"], 0.9 * points["mean"]) if logarithmic else points["std"]
    return pd.DataFrame({"mean": points["mean"], "up": points["std"], "down": down})


def _limits(part: pd.DataFrame, decisive: pd.Series, logarithmic: bool) -> tuple[float, float] | None:
    """Return the ends of a panel's axis: those of decisive lines and bars, and below half as much for the others."""
    part = part[part["value"] > 0] if logarithmic else part
    ends = []
    for (own, _, iterate), line in part.groupby([decisive[part.index], "label", "iterate"]):
        bars = _bars(line, logarithmic)
        if not own or (iterate == "oracle" and line["metric"].iloc[0] != BEST_ITERATION):  # which has no bars
            bars = bars.assign(up=0, down=0)
        ends.append((own, (bars["mean"] - bars["down"]).min(), (bars["mean"] + bars["up"]).max()))
    if not any(own for own, _, _ in ends):
        return None
    scale, back = (np.log10, lambda end: 10**end) if logarithmic else (np.asarray, float)
    low = float(scale(min(least for own, least, _ in ends if own)))
    high = float(scale(max(most for own, _, most in ends if own)))
    lowest = float(scale(min(least for _, least, _ in ends)))
    spread = max(high - low, 0.1 if logarithmic else 1e-3 * abs(high))
    lowest = max(lowest, low - spread / 2)
    return back(lowest - 0.08 * spread), back(high + 0.08 * spread)


def _draw_line(
    axis: Axes,
    points: pd.DataFrame,
    ticks: Mapping[float, str],
    look: Look,
    *,
    width: float,
    zorder: float,
    style: str = "-",
) -> None:
    """Draw means, where the line has a marker with their bars, joined as far as the axis has no break."""
    joined = points.index.isin(list(ticks))
    bars = bool(look.marker)
    for own in (points[~joined], *(points.loc[[position]] for position in points.index[joined])):
        axis.errorbar(
            own.index,
            own["mean"],
            yerr=own[["down", "up"]].T if bars else None,
            color=look.colour,
            lw=width,
            ls=style,
            marker=look.marker or ("_" if len(own) == 1 and own.index[0] in ticks else None),
            ms=4,
            mew=0.5 if bars else None,
            mec="white" if bars else look.colour,
            capsize=1.5 if bars else 0,
            elinewidth=0.6,
            zorder=zorder,
        )
