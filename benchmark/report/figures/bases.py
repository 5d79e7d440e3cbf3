"""The first vectors of bases of images."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

from benchmark.report.looks import SUBJECT, looks_of
from benchmark.report.scene import Scene, number_of
from benchmark.report.style import WIDTH, say

FORMAT = "webp"
VECTORS = 12


def draw(scene: Scene) -> Figure:
    """Return the first vectors of bases of images (rank, height, width), a row a method, each stretched on its own.

    The source's methods come first, in its order. Left of a row stand the method and its first two measures. A basis
    that is a text (a failed method), or is not of images, fills the start of its row with words; the unit vectors, a
    pixel each, have no row.
    """
    labels = [label for label in scene.shown_by_source if label in scene.estimates]
    labels += [label for label in scene.estimates if label not in labels and not _is_pixels(scene.estimates[label])]
    figure = Figure(figsize=(WIDTH, 0.3 + 0.62 * len(labels)))
    figure.suptitle(scene.title_of_one, x=0.01, y=0.995, ha="left", va="top", fontsize=9)
    grid = figure.subplots(len(labels), VECTORS, squeeze=False)
    top = 1 - 0.3 / figure.get_figheight()
    figure.subplots_adjust(left=0.2, right=0.995, top=top, bottom=0.005, wspace=0.05, hspace=0.06)
    looks, values = looks_of(scene.entry), scene.values
    for row, label in zip(grid, labels, strict=True):
        numbers = [number_of(name, value) for name, value in list(values.get(label, {}).items())[:2]]
        text = "\n".join([*textwrap.wrap(label, 28), *numbers])
        colour = SUBJECT if looks[label].colour == SUBJECT else "black"
        row[0].set_ylabel(text, rotation=0, ha="right", va="center", fontsize=7, color=colour)
        for axis in row:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        basis = scene.estimates[label]
        if isinstance(basis, str) or basis.ndim != 3:
            say(row[0], basis if isinstance(basis, str) else "no images")
            continue
        for axis, image in zip(row, basis, strict=False):
            extent = np.abs(image).max()
            axis.imshow(image, cmap="RdBu", vmin=-extent, vmax=extent)
    return figure


def _is_pixels(basis: np.ndarray | str) -> bool:
    return not isinstance(basis, str) and bool((np.count_nonzero(basis.reshape(len(basis), -1), axis=1) == 1).all())
