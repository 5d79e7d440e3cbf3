"""A frame of a video, and what each method makes of it: the background, what moves, and the part that is light."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmark.metrics import METRICS, MOVING, UNKNOWN, moving
from benchmark.report.figures.reconstructions import COLUMNS, blocks_of, caption_of
from benchmark.report.looks import GREY, SUBJECT
from benchmark.report.scene import Scene
from benchmark.report.style import WIDTH, headline, say

FORMAT = "webp"
# Heights of a heading and of a caption, in widths of a picture.
HEADING, CAPTION = 0.25, 0.47
# Of a mask; what is rightly unmarked is black.
COLOURS = {"right": "#FFFFFF", "missed": "#56B4E9", "falsely marked": "#D55E00", "not scored": "#777777"}


def draw(scene: Scene) -> Figure:
    """Return strips of pictures of one frame: of each method its background, its mask and, where it has one, its light.

    The frame is the data set's, else the middle one; above stand the frame and the truth. The mask is that of the rule
    that all methods share: white where it is right, blue where it misses what moves, orange where nothing does, grey
    where that is not known. Below it stands the method's `illumination`, from blue to red on one scale that ends at the
    99th percentile of all magnitudes. Captions have the primary measure and those of error. The source's methods come
    first, in its order.
    """
    video, masks = scene.observed, scene.withheld["masks"]
    frame = scene.shown[0] if scene.shown else video.shape[2] // 2
    limits = dict(zip(("vmin", "vmax"), np.percentile(video[..., frame], (1, 99)), strict=True))
    rows = blocks_of(scene, list(scene.estimates))
    lights = [own[..., frame] for own in _lights(scene.estimates, list(scene.estimates))]
    strongest = max(np.percentile(np.abs(lights), 99), np.finfo(float).tiny) if lights else 1
    tall = video.shape[0] / video.shape[1]
    heights = [HEADING, CAPTION / 2, tall]
    for heading, labels in rows:
        heights += [HEADING * bool(heading), CAPTION, tall, tall, tall * bool(_lights(scene.estimates, labels))]
    figure = Figure(figsize=(WIDTH, sum(heights) * WIDTH / COLUMNS))
    grid = figure.add_gridspec(len(heights), COLUMNS, height_ratios=heights, wspace=0.04, hspace=0.03)
    grid.update(left=0.005, right=0.995, top=1, bottom=0.005)
    headline(figure.add_subplot(grid[0, :]), f"{scene.title} · {scene.item}, frame {frame}")
    seen, truth, key = (figure.add_subplot(grid[2, column]) for column in range(3))
    _picture(seen, video[..., frame], "Frame", cmap="gray", **limits)
    _picture(truth, _coloured(masks[..., frame] == MOVING, masks[..., frame]), "Truth")
    key.set_axis_off()
    patches = [Patch(facecolor=colour, edgecolor=GREY, label=word) for word, colour in COLOURS.items()]
    key.legend(handles=patches, loc="center left", frameon=False, fontsize=7)
    for row, (heading, labels) in enumerate(rows):
        first = 3 + 5 * row
        if heading:
            headline(figure.add_subplot(grid[first, :]), heading, fontweight="bold")
        for column, label in enumerate(labels):
            answer = scene.estimates[label]
            axis = figure.add_subplot(grid[first + 2, column])
            values = scene.values.get(label, {})
            told = {name: value for name, value in values.items() if name == scene.metric or METRICS[name].error}
            caption = caption_of(label, told, scene.metric)
            colour = SUBJECT if label in scene.subject else "black"
            if isinstance(answer, str):
                _picture(axis, np.ones((*video.shape[:2], 3)), caption, colour)
                say(axis, answer)
                continue
            _picture(axis, answer["background"][..., frame], caption, colour, cmap="gray", **limits)
            marked = moving(np.abs(video - answer["background"]))[..., frame]
            _picture(figure.add_subplot(grid[first + 3, column]), _coloured(marked, masks[..., frame]))
            if "illumination" in answer:
                light = figure.add_subplot(grid[first + 4, column])
                _picture(light, answer["illumination"][..., frame], cmap="RdBu_r", vmin=-strongest, vmax=strongest)
    return figure


def _picture(axis: Axes, picture: np.ndarray, caption: str = "", colour: str = "black", **style) -> None:
    axis.imshow(picture, **style)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    axis.set_title(caption, fontsize=7.5, pad=3, linespacing=1.1, color=colour)


def _coloured(marked: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return a mask (h x w) in the colours of what is right and wrong of it (h x w x 3); `masks` are the truth."""
    target, unknown = masks == MOVING, masks == UNKNOWN
    kinds = (marked & target, ~marked & target, marked & ~target, unknown)
    picture = np.zeros((*masks.shape, 3))
    for kind, colour in zip(kinds, COLOURS.values(), strict=True):
        picture[kind] = to_rgb(colour)
    return picture


def _lights(estimates: Mapping[str, Mapping | str], labels: Sequence[str]) -> list[np.ndarray]:
    """Return the parts (h x w x t) that methods of these labels take for light."""
    answers = (estimates[label] for label in labels)
    return [own["illumination"] for own in answers if not isinstance(own, str) and "illumination" in own]
