"""What answers are worth against what they cost: bytes sent, numbers kept."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.metrics import METRICS
from benchmark.report.looks import looks_of
from benchmark.report.scene import Scene
from benchmark.report.style import LEGEND, WIDTH, handle, plain, say

FORMAT = "svg"
HEIGHT = 3.0
# So many measures have panels: the primary one and those that the task names after it.
MEASURES = 2


def draw(scene: Scene) -> Figure:
    """Return a row of panels for each cost, in which a point is a method's mean over items and seeds.

    The measures are the first two of the scores that are no costs. Axes are logarithmic, but linear below the smallest
    difference of interest, so that zeros have a place.
    """
    rows = scene.scores[scene.scores["iterate"] == "returned"]
    means = rows.groupby(["label", "metric"], sort=False)["value"].mean().unstack()
    costs = [name for name in METRICS if METRICS[name].cost and name in means]
    others = [name for name in dict.fromkeys(rows["metric"]) if not METRICS[name].cost]
    measures = list(dict.fromkeys([scene.metric, *others]))[:MEASURES]
    figure = Figure(figsize=(WIDTH, 0.5 + HEIGHT * max(len(costs), 1)), layout="constrained")
    figure.suptitle(scene.title, x=0.01, ha="left", fontsize=9)
    if not costs:
        say(figure.subplots(), "no cost was measured")
        return figure
    looks, panels = looks_of(scene.entry), figure.subplots(len(costs), len(measures), squeeze=False)
    for line, cost in zip(panels, costs, strict=True):
        for axis, measure in zip(line, measures, strict=True):
            for label, (x, y) in means[[cost, measure]].dropna().iterrows():
                axis.plot(x, y, looks[label].marker, color=looks[label].colour, ms=6, mew=0, label=label)
            _logarithmic(axis, "x", cost)
            _logarithmic(axis, "y", measure)
            plain(axis)
    handles = [handle(label, looks[label], ls="") for label in looks if label in means.index]
    figure.legend(handles=handles, loc="outside lower center", **LEGEND)
    return figure


def _logarithmic(axis: Axes, direction: str, measure: str) -> None:
    """Name an axis of a panel, and make it logarithmic where values differ much, linear below what is of interest."""
    line, smallest = getattr(axis, f"{direction}axis"), METRICS[measure].smallest
    values = [getattr(point, f"get_{direction}data")()[0] for point in axis.lines]
    if values and max(values) > 10 * max(min(values), smallest):
        getattr(axis, f"set_{direction}scale")("symlog", linthresh=smallest, subs=range(2, 10))
    line.set_label_text(METRICS[measure].label, fontsize=8)
