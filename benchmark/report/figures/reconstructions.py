"""Pictures of a signal and of its estimates, with a crop of each, and error maps."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.ndimage import gaussian_filter, uniform_filter

from benchmark.report.looks import GREY, SUBJECT
from benchmark.report.scene import Scene, heading_of, number_of
from benchmark.report.style import WIDTH, headline, say
from benchmark.stacks import as_stack

FORMAT = "webp"
COLUMNS = 6
# Heights of a heading, of a line of a caption, and of a row of texts in place of pictures, in widths of a picture.
HEADING, CAPTION, FAILED = 0.27, 0.12, 0.65
# The share of pixels that have detail.
DETAILED = 0.2


def draw(scene: Scene) -> Figure:
    """Return a strip of pictures, a crop of each, and error maps, of images or stacks (height, width, ...).

    The clean signal and, where it is a picture, the observed one come first; controls that return one of them as it is
    stand there alone. Then come the source's methods, in its order, and below them all others, the best first. All
    pictures share one stretch: the 1st to 99th percentile of each channel of the clean one. The crop is
    `detailed_window` of the clean picture. An error map is |estimate - clean|, averaged over the images, on one scale.
    That ends at the median over the estimates of the 99th percentile of each one's map, and larger errors look like its
    end, so that one that is far off leaves the others their maps. An estimate that is a text fills its place with it.
    Captions show the first two measures; the subject's are in its colour, those of controls grey.
    """
    clean, shown = as_stack(scene.truth), shown_of(scene)
    signals, values = signals_of(scene)
    limits = np.percentile(picture_of(clean, shown), (1, 99), axis=(0, 1))
    corner, side = detailed_window(picture_of(clean, shown))
    errors = {
        label: np.abs(signal - clean).mean(axis=2)
        for label, signal in signals.items()
        if label != "Clean" and not isinstance(signal, str)
    }
    judged = [error for label, error in errors.items() if label != "Noisy"] or list(errors.values())
    scale = Normalize(0, np.median([np.percentile(error, 99) for error in judged]) if judged else 1)
    captions = {label: caption_of(label, values.get(label, {}), scene.metric) for label in signals}

    blocks = blocks_of(scene, list(signals))
    tall = clean.shape[0] / clean.shape[1]
    heights = [HEADING]
    for heading, labels in blocks:
        lines = max(captions[label].count("\n") + 1 for label in labels)
        failed = all(isinstance(signals[label], str) for label in labels)
        heights += [HEADING * bool(heading), CAPTION * lines, *((FAILED, 0, 0) if failed else (tall, 1, tall))]
    panel = WIDTH / COLUMNS
    columns = max(len(labels) for _, labels in blocks)
    figure = Figure(figsize=(columns * panel, sum(heights) * panel))
    grid = figure.add_gridspec(len(heights), columns, height_ratios=heights, wspace=0.04, hspace=0.02)
    grid.update(left=0.005, right=0.995, top=1, bottom=0.005)
    headline(figure.add_subplot(grid[0, :]), scene.title_of_one)
    for block, (heading, labels) in enumerate(blocks):
        first = 1 + 5 * block
        if heading:
            headline(figure.add_subplot(grid[first, :]), heading, fontweight="bold")
        for column, label in enumerate(labels):
            signal = signals[label]
            rows = (2,) if isinstance(signal, str) else (2, 3, 4)
            axes = [figure.add_subplot(grid[first + row, column]) for row in rows]
            for axis in axes:
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
            colour = SUBJECT if label in scene.subject else GREY if label in scene.controls else "black"
            axes[0].set_title(captions[label], fontsize=7.5, pad=3, linespacing=1.1, color=colour)
            if isinstance(signal, str):
                say(axes[0], signal)
                continue
            picture = stretched(picture_of(signal, shown), limits)
            rows, cols = (slice(start, start + side) for start in corner)
            axes[0].imshow(picture, cmap="gray", vmin=0, vmax=1)
            axes[0].add_patch(
                Rectangle((corner[1] - 0.5, corner[0] - 0.5), side, side, fill=False, color="#F0E442", lw=1)
            )
            axes[1].imshow(picture[rows, cols], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            if label in errors:
                axes[2].imshow(errors[label], cmap="magma", norm=scale)
            else:
                axes[2].set_axis_off()
                bar = axes[2].inset_axes((0.14, 0.5, 0.72, 0.1))
                figure.colorbar(ScalarMappable(scale, "magma"), cax=bar, orientation="horizontal", extend="max")
                bar.set_title(_error_of(scene, clean.shape[2]), fontsize=7, loc="left")
                bar.tick_params(labelsize=6.5)
                bar.locator_params(nbins=3)
    return figure


def detailed_window(picture: np.ndarray) -> tuple[tuple[int, int], int]:
    """Return the (row, column) of the upper left corner and the side of the square window with most detail.

    Its side is a quarter of the picture's shorter one. Detail is contrast at middle scales, a difference of Gaussians
    of a sixteenth and a quarter of that side, where it is among the largest fifth of the picture's; a window counts the
    share of such pixels, so that one strong edge is not worth more than many weak ones, times (1 - x^2) (1 - y^2), for
    x and y its place between the borders, from -1 to 1.
    """
    grey = picture.mean(axis=2) if picture.ndim == 3 else picture
    side = max(1, min(grey.shape) // 4)
    contrast = np.abs(gaussian_filter(grey, side / 16) - gaussian_filter(grey, side / 4))
    detailed = (contrast > np.quantile(contrast, 1 - DETAILED)).astype(float)
    share = uniform_filter(detailed, side, mode="constant")
    before = side // 2  # uniform_filter centres a window of even side half a pixel to the left
    places = [np.linspace(-1, 1, size - side + 1) for size in grey.shape]
    valid = share[tuple(slice(before, before + len(own)) for own in places)]
    row, column = np.unravel_index((valid * np.outer(*(1 - own**2 for own in places))).argmax(), valid.shape)
    return (int(row), int(column)), side


def _error_of(scene: Scene, number: int) -> str:
    """Return what an error map of a stack of so many images shows."""
    if number == 1:
        return "|estimate - clean|"
    # A spectral stack states its wavelengths, or has three bands that make a picture in false colours.
    bands = scene.entry["data"][scene.dataset].get("wavelengths") or len(scene.shown or ()) == 3
    images = "channels" if _coloured(scene) else "bands" if bands else "images"
    return f"|estimate - clean|,\nmean of {number} {images}"


def blocks_of(scene: Scene, labels: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return rows of labels, the first of each group with its heading: the source's methods, and then all others."""
    own = [label for label in scene.shown_by_source if label in labels]
    seen = [label for label in labels if label in ("Clean", "Noisy")]
    groups = {"": labels}
    if own:
        others = [label for label in labels if label not in own and label not in seen]
        groups = {heading_of(scene.entry): seen + own, "Other methods, the best first": others}
    return [
        (heading if start == 0 else "", group[start : start + COLUMNS])
        for heading, group in groups.items()
        for start in range(0, len(group), COLUMNS)
    ]


def signals_of(scene: Scene) -> tuple[dict[str, np.ndarray | str], dict[str, dict[str, float]]]:
    """Return the stacks to show by label, or a text for a failed method, and the measures by label."""
    seen = {"Clean": scene.truth}
    if scene.observed.shape == scene.truth.shape:
        seen["Noisy"] = scene.observed
    signals, values, measured = {label: as_stack(signal) for label, signal in seen.items()}, {}, scene.values
    for label, estimate in scene.estimates.items():
        same = [name for name, own in seen.items() if np.array_equal(own.astype(np.float32), estimate)]
        if same and label in scene.controls:
            values.setdefault(same[-1], measured.get(label, {}))
            continue
        signals[label] = estimate if isinstance(estimate, str) else as_stack(estimate)
        values[label] = measured.get(label, {})
    return signals, values


def shown_of(scene: Scene) -> Sequence[int] | None:
    """Return the images of the stack that make the picture: those of an image in colour are its channels."""
    return (0, 1, 2) if _coloured(scene) else scene.shown


def _coloured(scene: Scene) -> bool:
    """Tell whether the signal is one image in colour."""
    return scene.entry["data"][scene.dataset]["kind"] == "images" and scene.truth.shape[2:] == (3,)


def picture_of(stack: np.ndarray, shown: Sequence[int] | None) -> np.ndarray:
    """Return of a stack the picture (h, w, 3) of its three shown images, or (h, w), the mean of those or of all."""
    chosen = stack if shown is None else stack[:, :, list(shown)]
    return chosen if chosen.shape[2] == 3 and shown else chosen.mean(axis=2)


def stretched(picture: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Return a picture with the lower and the upper limits of its channels at 0 and 1, and what is beyond them, too."""
    low, high = limits
    return np.clip((picture - low) / np.maximum(high - low, np.finfo(float).eps), 0, 1)


def caption_of(label: str, values: Mapping[str, float], metric: str) -> str:
    """Return a label in up to three lines, and below it the primary measure and the next, where there are any.

    The clean signal itself has none.
    """
    if label == "Clean" or np.isinf(values.get(metric, 0)):
        return label
    names = sorted(values, key=lambda name: name != metric)[:2]
    numbers = ", ".join(number_of(name, values[name]) for name in names)
    return "\n".join([*textwrap.wrap(label, 22, max_lines=3, placeholder=" …"), *filter(None, [numbers])])
