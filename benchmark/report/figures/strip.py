"""A strip of pictures for the README: what was observed, three answers by a rule, and the clean signal."""

import numpy as np
from matplotlib.figure import Figure

from benchmark.report.figures.reconstructions import caption_of, picture_of, shown_of, signals_of, stretched
from benchmark.report.looks import GREY, SUBJECT
from benchmark.report.scene import Scene, fewer_seeds_of
from benchmark.report.style import WIDTH
from benchmark.stacks import as_stack

FORMAT = "webp"
# The height of a caption, in widths of a picture.
CAPTION = 0.4


def draw(scene: Scene) -> Figure:
    """Return the pictures of images or stacks (height, width, ...), side by side, with the first two measures of each.

    They are the observed signal where it is a picture, the best of the source's other methods, the best of the subject,
    the best of all others that are no controls, and the clean signal; what has no answer is left out. All share one
    stretch: the 1st to 99th percentile of each channel of the clean one.
    """
    clean, shown = as_stack(scene.truth), shown_of(scene)
    signals, values = signals_of(scene)
    labels = [label for label in ("Noisy", *chosen(scene), "Clean") if label in signals]
    limits = np.percentile(picture_of(clean, shown), (1, 99), axis=(0, 1))
    tall = CAPTION + clean.shape[0] / clean.shape[1]
    figure = Figure(figsize=(WIDTH, WIDTH / len(labels) * tall))
    axes = figure.subplots(1, len(labels), squeeze=False)[0]
    figure.subplots_adjust(left=0.005, right=0.995, top=1 - CAPTION / tall, bottom=0.01, wspace=0.03)
    for axis, label in zip(axes, labels, strict=True):
        axis.set_axis_off()
        axis.imshow(stretched(picture_of(signals[label], shown), limits), cmap="gray", vmin=0, vmax=1)
        colour = SUBJECT if label in scene.subject else GREY if label in scene.controls else "black"
        axis.set_title(caption_of(label, values.get(label, {}), scene.metric), fontsize=8, pad=3, color=colour)
    return figure


def chosen(scene: Scene) -> list[str]:
    """Return the labels of the best of the source's others, of the subject and of the rest, where there are any.

    Where the source's methods are not named, the reference stands for them.
    """
    source = [label for label in scene.shown_by_source if label not in scene.subject] or [scene.reference]
    answered = [label for label, own in scene.estimates.items() if not isinstance(own, str)]  # the best one first
    free = [label for label in answered if label not in scene.controls]
    unranked = {*scene.always, *fewer_seeds_of(scene.entry)}
    groups = (source, scene.subject, [label for label in free if label not in unranked])
    return [next(label for label in free if label in group) for group in groups if {*group} & {*free}]
