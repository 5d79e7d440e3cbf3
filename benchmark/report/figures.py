"""Figures for the width of an A4 page: pictures with error maps, spectra of pixels, and convergence."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from scipy.ndimage import uniform_filter

from benchmark.report.tables import REFERENCE

WIDTH = 8.0
COLUMNS = 6
PIXELS = 4
REFERENCES = 9
VECTORS = 12
BEST = 2

# From the palettes of Okabe and Ito and of Paul Tol, which colour-blind eyes tell apart; beyond twelve they repeat.
COLOURS = (
    *("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#332288", "#882255", "#999933", "#AA4499", "#117733", "#661100"),
)
GREY = "#777777"
LEGEND = {"ncols": 4, "frameon": False, "fontsize": 8, "title_fontsize": 8}

Estimates = Mapping[str, np.ndarray | str]


def colours_of(labels: Sequence[str]) -> dict[str, str]:
    """Return a colour for each label of a figure."""
    return {label: COLOURS[index % len(COLOURS)] for index, label in enumerate(dict.fromkeys(labels))}


def reconstructions(
    clean: np.ndarray,
    noisy: np.ndarray | None,
    estimates: Estimates,
    shown: Sequence[int] | None,
    scores: Mapping[str, Mapping[str, float]],
) -> Figure:
    """Return a strip of pictures, a crop of each, and error maps, of stacks of shape (height, width, images).

    `shown` names the images that make the picture, three as red, green and blue, or one; None shows the mean of all.
    `noisy` is None where the observation is no picture. All pictures share one stretch: the 1st to 99th percentile of
    each channel of the clean one. The crop is a square of a quarter of the shorter side, where the clean picture varies
    most. An error map is |estimate - clean|, averaged over the images, on one scale that ends at the 99th percentile of
    the errors of all estimates. An estimate that is a text fills its place with it. `scores` holds `psnr` and, where it
    applies, `ssim` by label; the noisy signal's label is "Noisy".
    """
    signals: dict[str, np.ndarray | str] = {"Clean": clean, "Noisy": noisy, **estimates}
    if noisy is None:
        del signals["Noisy"]
    limits = np.percentile(_picture(clean, shown), (1, 99), axis=(0, 1))
    corner, side = _busiest_window(_picture(clean, shown))
    errors = {
        label: np.abs(signal - clean).mean(axis=2)
        for label, signal in signals.items()
        if label != "Clean" and not isinstance(signal, str)
    }
    judged = [error for label, error in errors.items() if label != "Noisy"] or list(errors.values())
    scale = Normalize(0, np.percentile(judged, 99))

    columns = min(COLUMNS, len(signals))
    blocks = -(-len(signals) // columns)
    tall = clean.shape[0] / clean.shape[1]
    heights = [0.4, tall, 1, tall]  # a block of rows: captions, pictures, crops, error maps
    panel = WIDTH / COLUMNS
    figure = Figure(figsize=(columns * panel, blocks * sum(heights) * panel))
    grid = figure.add_gridspec(4 * blocks, columns, height_ratios=heights * blocks, wspace=0.04, hspace=0.02)
    grid.update(left=0.005, right=0.995, top=1, bottom=0.005)
    for index, (label, signal) in enumerate(signals.items()):
        block, column = divmod(index, columns)
        axes = [figure.add_subplot(grid[4 * block + row, column]) for row in (1, 2, 3)]
        for axis in axes:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        axes[0].set_title(_caption(label, scores.get(label, {})), fontsize=7.5, pad=3, linespacing=1.1)
        if isinstance(signal, str):
            _say(axes[0], signal)
            axes[1].set_axis_off()
            axes[2].set_axis_off()
            continue
        picture = _stretch(_picture(signal, shown), limits)
        rows, cols = (slice(start, start + side) for start in corner)
        axes[0].imshow(picture, cmap="gray", vmin=0, vmax=1)
        axes[0].add_patch(Rectangle((corner[1] - 0.5, corner[0] - 0.5), side, side, fill=False, color="#F0E442", lw=1))
        axes[1].imshow(picture[rows, cols], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        if label in errors:
            axes[2].imshow(errors[label], cmap="magma", norm=scale)
        else:
            axes[2].set_axis_off()
            bar = axes[2].inset_axes((0.14, 0.5, 0.72, 0.1))
            figure.colorbar(ScalarMappable(scale, "magma"), cax=bar, orientation="horizontal", extend="max")
            bar.set_title("|estimate - clean|,\nmean of images", fontsize=7, loc="left")
            bar.tick_params(labelsize=6.5)
            bar.locator_params(nbins=3)
    return figure


def bases(estimates: Estimates) -> Figure:
    """Return the first vectors of bases of images (rank, height, width), a row a method, each stretched on its own.

    A basis that is a text (a failed method) fills the start of its row with it.
    """
    figure = Figure(figsize=(WIDTH, 0.75 * len(estimates)))
    grid = figure.subplots(len(estimates), VECTORS, squeeze=False)
    figure.subplots_adjust(left=0.16, right=0.995, top=0.99, bottom=0.01, wspace=0.05, hspace=0.05)
    for row, (label, basis) in zip(grid, estimates.items(), strict=True):
        row[0].set_ylabel(textwrap.fill(label, 20), rotation=0, ha="right", va="center", fontsize=7)
        for axis in row:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        if isinstance(basis, str):
            _say(row[0], basis)
            continue
        for axis, image in zip(row, basis, strict=False):
            extent = np.abs(image).max()
            axis.imshow(image, cmap="RdBu", vmin=-extent, vmax=extent)
    return figure


def spectra(
    clean: np.ndarray,
    noisy: np.ndarray,
    estimates: Estimates,
    pixels: Sequence[tuple[int, int]] | None = None,
    always: Sequence[str] = (),
) -> Figure:
    """Return spectra of pixels of cubes (height, width, bands), a row a pixel: place, spectrum, error of the estimates.

    The pixels are (row, column) pairs; by default that whose clean spectrum is closest to the mean spectrum, then three
    times the one that is farthest from those taken. Of the estimates stand those labelled in `always` and the two of
    smallest squared error besides; texts (failed methods) are left out and named below the figure.
    """
    pixels = pixels or _farthest_pixels(clean)
    arrays = {label: value for label, value in estimates.items() if not isinstance(value, str)}
    ranked = sorted(arrays, key=lambda label: np.mean((arrays[label] - clean) ** 2))
    best = [label for label in ranked if label not in always][:BEST]
    shown = [label for label in ranked if label in always or label in best]
    colours = colours_of(shown)

    figure = Figure(figsize=(WIDTH, 0.9 + 1.55 * len(pixels)), layout="constrained")
    grid = figure.add_gridspec(len(pixels), 3, width_ratios=(1, 2.6, 2.6))
    bands = np.arange(1, clean.shape[2] + 1)
    for index, (row, column) in enumerate(pixels):
        place, spectrum, error = (figure.add_subplot(grid[index, position]) for position in range(3))
        place.imshow(clean.mean(axis=2), cmap="gray")
        place.plot(column, row, "o", mfc="none", mec="#D55E00", ms=9, mew=2)
        place.set(xticks=[], yticks=[])
        place.set_xlabel(f"row {row}, column {column}", fontsize=7)
        spectrum.plot(bands, noisy[row, column], ".", color="#BBBBBB", ms=2.5, zorder=0)
        spectrum.plot(bands, clean[row, column], color="#999999", lw=4, alpha=0.7)
        error.axhline(0, color="#999999", lw=4, alpha=0.7)
        for label in reversed(shown):
            style = {"color": colours[label], "lw": 1.1}
            spectrum.plot(bands, arrays[label][row, column], **style)
            error.plot(bands, arrays[label][row, column] - clean[row, column], **style)
        if index == 0:
            spectrum.set_title("spectrum", fontsize=9)
            error.set_title("estimate - clean", fontsize=9)
        for axis in (spectrum, error):
            axis.spines[["top", "right"]].set_visible(False)
            axis.tick_params(labelsize=7)
            if index == len(pixels) - 1:
                axis.set_xlabel("band", fontsize=8)
    handles = [
        Line2D([], [], color="#999999", lw=4, alpha=0.7, label="Clean"),
        Line2D([], [], color="#BBBBBB", ls="", marker=".", label="Noisy"),
        *(Line2D([], [], color=colours[label], label=label) for label in shown),
    ]
    missing = _missing([label for label in estimates if label not in arrays])
    figure.legend(handles=handles, title=missing, loc="outside lower center", **LEGEND)
    return figure


def convergence(curves: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """Return PSNR in dB against iterations and against seconds, a row of two panels for each data set and noise.

    `curves` holds a row per dataset, item, noise, label, iterate (last or average), seed and iteration, with seconds
    and psnr; a line is the mean over items and seeds, as far as all of them ran. `summary` is that of the tables:
    of the methods without a curve, controls, SVD and the best others are horizontal lines, in the right panel from the
    second at which they end; a diamond is the level that an iterative method returned; a triangle marks a line that
    still rises: its last snapshot is its best.
    """
    iterative = list(dict.fromkeys(curves["label"]))
    scenes = list(summary.groupby(["dataset", "noise"], sort=False))
    figure = Figure(figsize=(WIDTH, 0.6 + 3.6 * len(scenes)), layout="constrained")
    grid = figure.subplots(len(scenes), 2, sharey="row", squeeze=False)
    for axes, ((dataset, noise), rows) in zip(grid, scenes, strict=True):
        scene = curves[(curves["dataset"] == dataset) & (curves["noise"] == noise)]
        missing = _missing(rows.loc[rows["n"] == 0, "label"])
        rows = rows[(rows["iterate"] == "returned") & np.isfinite(rows["psnr_mean"])]
        plain = rows[~rows["label"].isin(iterative)].sort_values("psnr_mean", ascending=False)
        kept = plain["control"] | (plain["method"] == REFERENCE) | ((~plain["control"]).cumsum() <= REFERENCES)
        colours = colours_of([*iterative, *plain.loc[kept & ~plain["control"], "label"]])
        for axis, unit in zip(axes, ("iteration", "seconds"), strict=True):
            axis.set_xscale("log")
            axis.set_xlabel("iterations" if unit == "iteration" else "seconds")
            axis.grid(color="#EEEEEE")
            axis.spines[["top", "right"]].set_visible(False)
            axis.tick_params(labelsize=8)
            _draw_curves(axis, unit, scene, rows.set_index("label")["psnr_mean"], colours)
        if not kept.all():
            axes[0].annotate(
                f"without {(~kept).sum()} lower methods that have no curve",
                (0.98, 0.02),
                xycoords="axes fraction",
                ha="right",
                fontsize=6,
                color=GREY,
            )
        _draw_references(*axes, plain[kept], colours)
        axes[0].set_title(f"{dataset}, {noise}", loc="left", fontsize=9)
        axes[0].set_ylabel("PSNR [dB]")
        axes[1].set_title(missing, loc="left", fontsize=8)
    handles = [Line2D([], [], color=colour, label=label) for label, colour in colours_of(iterative).items()]
    handles += [
        Line2D([], [], color=GREY, label="last iterate"),
        Line2D([], [], color=GREY, ls="--", label="average of iterates"),
        Line2D([], [], color=GREY, ls="", marker="D", ms=5, label="returned"),
        Line2D([], [], color=GREY, ls="", marker="^", ms=5, mfc="white", label="still rising"),
    ]
    figure.legend(handles=handles, loc="outside lower center", **LEGEND)
    return figure


def losses(curves: pd.DataFrame) -> Figure:
    """Return the training loss against iterations, on logarithmic axes, a line for each method and item.

    `curves` holds those of one data set and noise; of the two iterates that a fit traces, `last` is shown.
    """
    figure = Figure(figsize=(WIDTH / 1.6, 3.4), layout="constrained")
    axis = figure.subplots()
    lines = curves[curves["iterate"] == "last"].groupby(["label", "item"], sort=False)
    for colour, ((label, item), line) in zip(COLOURS, lines, strict=False):
        points = line.groupby("iteration")["loss"].mean()
        axis.loglog(points.index, points, color=colour, label=f"{label}, {item}")
    axis.set_xlabel("iterations", fontsize=8)
    axis.set_ylabel("fitting error", fontsize=8)
    axis.grid(color="#EEEEEE")
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=7)
    axis.legend(frameon=False, fontsize=7)
    return figure


def _missing(labels: Sequence[str]) -> str:
    return f"no estimate: {', '.join(labels)}" if len(labels) else ""


def _picture(stack: np.ndarray, shown: Sequence[int] | None) -> np.ndarray:
    chosen = stack if shown is None else stack[:, :, list(shown)]
    return chosen if chosen.shape[2] == 3 and shown else chosen.mean(axis=2)


def _stretch(picture: np.ndarray, limits: np.ndarray) -> np.ndarray:
    low, high = limits
    return np.clip((picture - low) / np.maximum(high - low, np.finfo(float).eps), 0, 1)


def _busiest_window(picture: np.ndarray) -> tuple[tuple[int, int], int]:
    """Return the (row, column) of the upper left corner and the side of the square window of largest variance."""
    grey = picture.mean(axis=2) if picture.ndim == 3 else picture
    side = max(1, min(grey.shape) // 4)
    variance = uniform_filter(grey**2, side) - uniform_filter(grey, side) ** 2
    before = side // 2  # uniform_filter centres a window of even side half a pixel to the left
    valid = variance[before : before + grey.shape[0] - side + 1, before : before + grey.shape[1] - side + 1]
    row, column = np.unravel_index(valid.argmax(), valid.shape)
    return (int(row), int(column)), side


def _farthest_pixels(cube: np.ndarray) -> list[tuple[int, int]]:
    spectra = cube.reshape(-1, cube.shape[2])
    taken = [int(np.linalg.norm(spectra - spectra.mean(axis=0), axis=1).argmin())]
    distance = np.full(len(spectra), np.inf)
    for _ in range(PIXELS - 1):
        distance = np.minimum(distance, np.linalg.norm(spectra - spectra[taken[-1]], axis=1))
        taken.append(int(distance.argmax()))
    return [divmod(index, cube.shape[1]) for index in taken]


def _mean_curve(line: pd.DataFrame) -> pd.DataFrame:
    points = line.groupby("iteration").agg(seconds=("seconds", "mean"), psnr=("psnr", "mean"), runs=("psnr", "size"))
    return points[points["runs"] == points["runs"].max()].reset_index()


def _draw_curves(axis: Axes, unit: str, scene: pd.DataFrame, returned: pd.Series, colours: Mapping[str, str]) -> None:
    for (label, iterate), line in scene.groupby(["label", "iterate"], sort=False):
        mean = _mean_curve(line)
        end, style = mean.iloc[-1], {"color": colours[label], "label": f"{label}, {iterate}"}
        axis.plot(mean[unit], mean["psnr"], "-" if iterate == "last" else "--", lw=1.6, **style)
        if label in returned:
            axis.plot(end[unit], returned[label], "D", color=colours[label], ms=5, mec="white", zorder=3)
        if len(mean) > 1 and end["psnr"] == mean["psnr"].max():
            style["label"] += ", still rising"
            axis.plot(end[unit], end["psnr"], "^", ms=5, mfc="white", zorder=4, **style)


def _draw_references(by_iteration: Axes, by_seconds: Axes, rows: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Draw a line for each row of `rows` and its label at the right edge, labels spread so that none covers another."""
    rows = rows.sort_values("psnr_mean")
    end = max([by_seconds.get_xlim()[1], *2 * rows["seconds"]])
    for row in rows.itertuples():
        style = {"color": GREY if row.control else colours[row.label], "lw": 0.8, "ls": ":" if row.control else "-"}
        by_iteration.axhline(row.psnr_mean, **style)
        if row.control:
            by_seconds.axhline(row.psnr_mean, **style)
        else:
            by_seconds.plot([row.seconds, end], [row.psnr_mean] * 2, marker="o", markevery=[0], ms=3, **style)
    by_seconds.set_xlim(right=end)
    low, high = by_seconds.get_ylim()
    heights = _spread(rows["psnr_mean"].to_numpy(), gap=(high - low) / 26)
    for row, height in zip(rows.itertuples(), heights, strict=True):
        by_seconds.annotate(
            row.label,
            (1, row.psnr_mean),
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


def _caption(label: str, scores: Mapping[str, float]) -> str:
    if np.isinf(scores.get("psnr", 0)):  # the clean signal itself
        return label
    numbers = [f"{scores['psnr']:.1f} dB"] if "psnr" in scores else []
    numbers += [f"{scores['ssim']:.3f}"] if "ssim" in scores else []
    return "\n".join([*textwrap.wrap(label, 22, max_lines=2, placeholder="…"), " · ".join(numbers)])


def _say(axis: Axes, text: str) -> None:
    """Fill an empty panel with a text."""
    axis.set_facecolor("#F2F2F2")
    axis.text(0.5, 0.5, textwrap.fill(text, 20), ha="center", va="center", transform=axis.transAxes, fontsize=7)
