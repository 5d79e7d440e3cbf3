"""How fast methods fit: the training loss of each item against iterations."""

from matplotlib.figure import Figure

from benchmark.report.scene import Scene
from benchmark.report.style import COLOURS, GREY, WIDTH, plain


def draw(scene: Scene) -> Figure:
    """Return the training loss over the mean square of the item's observation, a line for each method and item.

    So 1 is the loss of an answer of zeros, by the mean of squares. Axes are logarithmic; a line is the mean over seeds.
    Of the two iterates that a fit traces, `last` is shown.
    """
    figure = Figure(figsize=(WIDTH / 1.6, 3.4), layout="constrained")
    axis = figure.subplots()
    lines = scene.curves[scene.curves["iterate"] == "last"].groupby(["label", "item"], sort=False)
    for number, ((label, item), line) in enumerate(lines):
        points = line.groupby("iteration")["loss"].mean() / scene.energies[item]
        axis.loglog(points.index, points, color=COLOURS[number % len(COLOURS)], label=f"{label}, {item}")
    axis.axhline(1, color=GREY, lw=1, ls=":")
    axis.set_xlabel("iterations", fontsize=8)
    axis.set_ylabel("fitting error / energy of the item\n(1: nothing learnt)", fontsize=8)
    plain(axis)
    axis.legend(frameon=False, fontsize=7)
    return figure
