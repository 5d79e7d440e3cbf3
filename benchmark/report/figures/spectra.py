"""Spectra of pixels of a cube, and the errors of estimates there."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.report.looks import SUBJECT, looks_of
from benchmark.report.scene import Scene
from benchmark.report.style import LEGEND, WIDTH, missing, plain, say

FORMAT = "svg"
PIXELS = 4
BEST = 2


def draw(scene: Scene) -> Figure:
    """Return spectra of pixels of cubes (height, width, bands), a row a pixel: place, spectrum, error of the estimates.

    The pixels are that whose clean spectrum is closest to the mean spectrum, then three times the one that is farthest
    from those taken. Of the estimates stand those of the subject, of the source's methods and of the reference, and the
    two of smallest squared error besides; methods without one are named below the figure. The axis is in nm where the
    data set states its wavelengths, as its first one and the step, else it numbers the bands.
    """
    clean, observed = scene.truth, scene.observed
    if clean.ndim != 3:
        figure = Figure(figsize=(WIDTH, 1))
        say(figure.subplots(), "no cube: no spectra")
        return figure
    estimates = {label: value for label, value in scene.estimates.items() if label not in scene.controls}
    arrays = {label: value for label, value in estimates.items() if not isinstance(value, str)}
    ranked = sorted(arrays, key=lambda label: np.mean((arrays[label] - clean) ** 2))
    best = [label for label in ranked if label not in scene.always][:BEST]
    shown = [label for label in ranked if label in scene.always or label in best]
    looks = looks_of(scene.entry)
    # The reference lies on top of all but the subject, which is broad.
    order = sorted(shown, key=lambda label: (label == scene.reference, label in scene.subject))

    numbers = np.arange(clean.shape[2])
    stated = scene.entry["data"][scene.dataset].get("wavelengths")
    name, bands = ("wavelength [nm]", stated[0] + stated[1] * numbers) if stated else ("band", 1 + numbers)
    pixels = farthest_pixels(clean)
    figure = Figure(figsize=(WIDTH, 1.1 + 1.55 * len(pixels)), layout="constrained")
    figure.suptitle(scene.title_of_one, x=0.01, ha="left", fontsize=9)
    grid = figure.add_gridspec(len(pixels), 3, width_ratios=(1, 2.6, 2.6))
    for index, (row, column) in enumerate(pixels):
        place, spectrum, error = (figure.add_subplot(grid[index, position]) for position in range(3))
        place.imshow(clean.mean(axis=2), cmap="gray")
        place.plot(column, row, "o", mfc="none", mec=SUBJECT, ms=9, mew=2)
        place.set(xticks=[], yticks=[])
        place.set_xlabel(f"row {row}, column {column}", fontsize=7)
        spectrum.plot(bands, observed[row, column], ".", color="#BBBBBB", ms=2.5, zorder=0)
        spectrum.plot(bands, clean[row, column], color="#999999", lw=4, alpha=0.7)
        error.axhline(0, color="#999999", lw=4, alpha=0.7)
        for label in order:
            style = {"color": looks[label].colour, **_line(label, looks[label].marker, scene), "label": label}
            spectrum.plot(bands, arrays[label][row, column], **style)
            error.plot(bands, arrays[label][row, column] - clean[row, column], **style)
        if index == 0:
            spectrum.set_title("spectrum", fontsize=8)
            error.set_title("estimate - clean", fontsize=8)
        for axis in (spectrum, error):
            plain(axis)
            if index == len(pixels) - 1:
                axis.set_xlabel(name, fontsize=8)
    handles = [
        Line2D([], [], color="#999999", lw=4, alpha=0.7, label="Clean"),
        Line2D([], [], color="#BBBBBB", ls="", marker=".", label="Noisy"),
        *(
            Line2D([], [], color=looks[label].colour, label=label, **_line(label, looks[label].marker, scene))
            for label in looks
            if label in shown
        ),
    ]
    lost = missing([label for label in estimates if label not in arrays])
    figure.legend(handles=handles, title=lost, loc="outside lower center", **LEGEND)
    return figure


def _line(label: str, marker: str, scene: Scene) -> dict:
    """Return how a line is drawn: the subject's is broad, so that it is seen below one that covers it."""
    style = {"marker": marker, "ms": 3, "mew": 0, "markevery": 0.1}
    return style | ({"lw": 1.8} if label in scene.subject else {"lw": 1.0})


def farthest_pixels(cube: np.ndarray) -> list[tuple[int, int]]:
    """Return the (row, column) of the pixel closest to the mean spectrum, and of those farthest from each other."""
    spectra = cube.reshape(-1, cube.shape[2])
    taken = [int(np.linalg.norm(spectra - spectra.mean(axis=0), axis=1).argmin())]
    distance = np.full(len(spectra), np.inf)
    for _ in range(PIXELS - 1):
        distance = np.minimum(distance, np.linalg.norm(spectra - spectra[taken[-1]], axis=1))
        taken.append(int(distance.argmax()))
    return [divmod(index, cube.shape[1]) for index in taken]
