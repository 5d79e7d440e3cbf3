"""What stands still in a video, frame by frame and under the light of each, so that what moves stands out.

A pixel of a frame counts as moving by its distance to the background, by one rule for all methods that needs no truth:
`benchmark.metrics.moving`.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from benchmark.checks import check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import (
    MOVING,
    UNKNOWN,
    Taken,
    average_precision,
    best_f_measure,
    despeckled,
    f_measure,
    false_positives,
    precision,
    psnr,
    recall,
    threshold_of,
)
from benchmark.noise import Gaussian
from benchmark.observation import Observation
from benchmark.tiny import smooth_stack

KINDS = {"stack"}
MEASURES = [
    "f_measure",
    "f_own",
    "f_oracle",
    "average_precision",
    "precision",
    "recall",
    "false_positives",
    "psnr",
]
FIGURES = {"backgrounds"}
FLOOR, CEILING = None, None
OPTIONAL = {"foreground", "illumination"}

# Of a method's own foreground: 2.5 grey levels of 255.
LEAST = 0.01


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the video H x W x T; withhold its masks and, where it is known, the background without what moves.

    The masks, an extra of the video's shape, have 0 where a pixel stands still, 1 where it moves and 2 where that is
    not known. Raises ValueError for other values, another shape, masks by which nothing moves, a single frame, and a
    video that is zero or not finite.
    """
    masks = np.asarray(item.extras["masks"])
    if item.signal.shape[2] < 2:
        raise ValueError(f"{item.name}: a single frame tells nothing of motion: give a video of two or more")
    if masks.shape != item.signal.shape:
        raise ValueError(f"{item.name}: masks of shape {masks.shape} for a video of shape {item.signal.shape}")
    if others := set(np.unique(masks).tolist()) - {0, MOVING, UNKNOWN}:
        raise ValueError(f"{item.name}: a mask has the value {min(others)}; give 0 (still), 1 (moves) or 2 (not known)")
    if not (masks == MOVING).any():
        raise ValueError(f"{item.name}: by the masks nothing moves that could be found: give 1 for some pixels")
    known = {"background": item.extras["background"]} if "background" in item.extras else {}
    for name, own in known.items():
        if bad := np.count_nonzero(~np.isfinite(own)):
            raise ValueError(f"{item.name}: {bad} values of the {name} are NaN or infinite: fill them, or leave it out")
        if own.shape != item.signal.shape:
            raise ValueError(f"{item.name}: a {name} of shape {own.shape} for a video of shape {item.signal.shape}")
    check_signal(item)
    return Posed(observation.draw(item.signal, rng), {"signal": item.signal, "masks": masks.astype(np.uint8)} | known)


def answer_shape(problem: Problem) -> dict[str, tuple[int, ...]]:
    """Ask for the background of each frame, what the light makes of it included.

    `foreground`, not negative, is a method's own say on what moves, which is where it exceeds 0.01. `illumination` is
    the part of the background that a method takes for a change of light.
    """
    return dict.fromkeys(("background", "foreground", "illumination"), problem.observed.shape)


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[Mapping], float]]:
    """Return measures of what moves, over all pixels whose truth is known, and the PSNR of a known background.

    The mask of a method that has no foreground of its own is that of the rule. The share of false alarms and PSNR are
    over what stands still, and there is none of either where nothing is known to.
    """
    still = bool((truth["masks"] == 0).any())
    known = {"false_positives": still, "psnr": still and "background" in truth}
    names = [name for name in MEASURES if known.get(name, True)]
    taken = Taken(partial(values_of, problem.observed, truth, names))
    return {name: partial(taken.of, name) for name in names}


def values_of(observed: np.ndarray, truth: Mapping, names: list[str], answer: Mapping) -> dict[str, float]:
    """Return those of the measures that are named, of an answer to an observed video."""
    scored = truth["masks"] != UNKNOWN
    target = truth["masks"][scored] == MOVING
    distances = np.abs(observed - answer["background"])
    filtered = despeckled(distances)[scored]
    mask = filtered > threshold_of(distances)
    own = answer["foreground"][scored] > LEAST if "foreground" in answer else mask
    measured = {
        "f_measure": lambda: f_measure(target, mask),
        "f_own": lambda: f_measure(target, own),
        "f_oracle": lambda: best_f_measure(target, filtered),
        "average_precision": lambda: average_precision(target, filtered),
        "precision": lambda: precision(target, mask),
        "recall": lambda: recall(target, mask),
        "false_positives": lambda: false_positives(target, mask),
        "psnr": lambda: psnr(*(own[truth["masks"] == 0] for own in (truth["background"], answer["background"])), 1.0),
    }
    return {name: measured[name]() for name in names}


def tiny() -> dict[str, Tiny]:
    """Return a square that jumps about before a smooth scene; and one in few frames, of which one has a mask."""
    noisy = Observation(Gaussian(0.005))
    return {
        "jumping": Tiny(jumping(30, 28, 16), noisy, "f_measure", 0.5),
        "few": Tiny(jumping(15, 13, 5, known=(2,)), noisy),
    }


def jumping(height: int, width: int, frames: int, known: tuple[int, ...] | None = None) -> Item:
    """Return a video in which a bright square of 7 x 7 pixels has any place; masks of the `known` frames, or of all."""
    rng, scene = np.random.default_rng(0), smooth_stack(height, width, 1) / 2
    video, masks = np.repeat(scene, frames, axis=2), np.zeros((height, width, frames), np.uint8)
    for frame in range(frames):
        top, left = rng.integers(height - 6), rng.integers(width - 6)
        video[top : top + 7, left : left + 7, frame] = 1
        masks[top : top + 7, left : left + 7, frame] = MOVING
    if known is not None:
        masks[..., [frame for frame in range(frames) if frame not in known]] = UNKNOWN
    return Item("jumping", video, rank=1, extras={"masks": masks, "background": scene.repeat(frames, 2)})
