"""How fast methods fit: the training loss of each item against iterations."""

import numpy as np
from matplotlib.figure import Figure

from benchmark.report.looks import GREY, looks_of
from benchmark.report.scene import Scene
from benchmark.report.style import WIDTH, plain, spread

FORMAT = "svg"
# The colour is the method's, so that dashes tell the items apart, in their order.
DASHES = ("-", "--", ":", "-.")


def draw(scene: Scene) -> Figure:
    """Return the training loss over the mean square of the item's observation, a line for each method and item.

    So 1 is the loss of an answer of zeros, by the mean of squares. Axes are logarithmic; a line is the mean over seeds.
    Of the two iterates that a fit traces, `last` is shown. Each line has its item at its end, and where there are
    several methods its method.
    """
    figure = Figure(figsize=(WIDTH / 1.5, 3.6), layout="constrained")
    axis = figure.subplots()
    looks = looks_of(scene.entry)
    curves = scene.curves[scene.curves["iterate"] == "last"]
    items, several = list(dict.fromkeys(curves["item"])), curves["label"].nunique() > 1
    ends = []
    for (label, item), line in curves.groupby(["label", "item"], sort=False):
        points = line.groupby("iteration")["loss"].mean() / scene.energies[item]
        dash = DASHES[items.index(item) % len(DASHES)]
        axis.loglog(points.index, points, dash, color=looks[label].colour, lw=1.6, label=f"{label}, {item}")
        ends.append((points.iloc[-1], points.index[-1], f"{label}, {item}" if several else item, looks[label].colour))
    ends.sort()
    extent = np.ptp(np.log(axis.get_ylim()))
    for (_, iteration, name, colour), height in zip(
        ends, spread(np.log([end[0] for end in ends]), gap=extent / 22), strict=True
    ):
        place = {"textcoords": "offset points", "va": "center", "fontsize": 7}
        axis.annotate(name, (iteration, np.exp(height)), (4, 0), color=colour, **place)
    axis.axhline(1, color=GREY, lw=1, ls=":", label="nothing learnt")
    axis.set_xlabel("iterations", fontsize=8)
    axis.set_ylabel("fitting error / energy of the item\n(1: nothing learnt)", fontsize=8)
    axis.set_title(f"{', '.join(dict.fromkeys(curves['label']))} · {scene.title}", loc="left", fontsize=8, wrap=True)
    plain(axis)
    return figure
