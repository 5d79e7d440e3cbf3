"""The first vectors of bases of images."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

from benchmark.report.scene import Scene
from benchmark.report.style import WIDTH, say

VECTORS = 12


def draw(scene: Scene) -> Figure:
    """Return the first vectors of bases of images (rank, height, width), a row a method, each stretched on its own.

    A basis that is a text (a failed method) fills the start of its row with it.
    """
    figure = Figure(figsize=(WIDTH, 0.75 * len(scene.estimates)))
    grid = figure.subplots(len(scene.estimates), VECTORS, squeeze=False)
    figure.subplots_adjust(left=0.16, right=0.995, top=0.99, bottom=0.01, wspace=0.05, hspace=0.05)
    for row, (label, basis) in zip(grid, scene.estimates.items(), strict=True):
        row[0].set_ylabel(textwrap.fill(label, 20), rotation=0, ha="right", va="center", fontsize=7)
        for axis in row:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        if isinstance(basis, str):
            say(row[0], basis)
            continue
        for axis, image in zip(row, basis, strict=False):
            extent = np.abs(image).max()
            axis.imshow(image, cmap="RdBu", vmin=-extent, vmax=extent)
    return figure
