"""The class of each of some images, from images of all classes with their labels.

Training images and their labels are given, clean. The queries are observed, so that noise is on them alone, and their
labels are withheld.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmark.checks import check_signal, told_labels
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.kinds import Count, Share
from benchmark.metrics import accuracy
from benchmark.observation import Observation

KINDS = {"samples"}
MEASURES = ["accuracy"]
FIGURES = set()
FLOOR, CEILING = "first_class", None


@dataclass(frozen=True)
class Occlusion:
    """A picture covers a block of a share `block` of each image, then a share `pixels` of all its pixels are replaced.

    The block is a square of side floor(sqrt(h w block)) or, where that is no less than a side, of floor(h sqrt(block))
    x floor(w sqrt(block)) pixels; its place is uniform, and it shows a cat. The floor(h w pixels) pixels are distinct,
    uniform over the whole image, so that they fall into the block, too, and each becomes a grey level that is uniform
    from 0 to 255, over 255.
    """

    block: Share = 0.0
    pixels: Share = 0.0

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return occluded images (n x h x w) of clean ones, whose values are from 0 to 1."""
        observed = clean.copy()
        _, height, width = clean.shape
        picture = cat(*block_size(height, width, self.block))
        for image in observed:
            rows, columns = picture.shape
            top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
            image[top : top + rows, left : left + columns] = picture
            places = rng.choice(image.size, int(image.size * self.pixels), replace=False)
            image.flat[places] = rng.integers(256, size=len(places)) / 255
        return observed


def block_size(height: int, width: int, share: float) -> tuple[int, int]:
    """Return the rows and columns of a block that covers a share of an image."""
    side = int(np.sqrt(height * width * share))
    return (side, side) if side < min(height, width) else (int(height * share**0.5), int(width * share**0.5))


def cat(height: int, width: int) -> np.ndarray:
    """Return a photograph of a cat, grey, height x width, from 0 to 1; the papers' baboon is not free to be copied."""
    import skimage.data  # it takes a second to load with what follows, and scoring needs neither
    from skimage.color import rgb2gray
    from skimage.transform import resize

    if not height * width:
        return np.zeros((height, width))
    return resize(rgb2gray(skimage.data.chelsea()[40:260, 110:330]), (height, width), anti_aliasing=True)


def pose(
    item: Item,
    observation: Observation,
    rng: np.random.Generator,
    *,
    train: Count = 50,
    test: Count = 20,
    split_seed: int = 0,
) -> Posed:
    """Give the training images, their labels, and the queries as observed; withhold the clean queries and their labels.

    Images that the item's extra `training`, a mask, does not mark are the queries. Without it, `train` random images of
    each class are for training and `test` others are queries; a class of fewer is divided in the same proportion.
    Labels that are texts become their places in sorted order.
    Raises ValueError for images that are zero or not finite, without a label for each, or of one class, for a mask of
    another length, and where a query's class has no training image.
    """
    if item.signal.ndim != 3:
        raise ValueError(f"{item.name}: samples of shape {item.signal.shape[1:]}; images, h x w, are classified")
    check_signal(item)
    labels = told_labels(item)
    if not np.issubdtype(labels.dtype, np.number):  # answers are numbers
        labels = np.unique(labels, return_inverse=True)[1]
    if "training" in item.extras:
        marked = np.asarray(item.extras["training"])
        if marked.shape != labels.shape:
            raise ValueError(
                f"{item.name}: the extra `training` has the shape {marked.shape} for {len(labels)} images: mark each"
            )
        training = np.flatnonzero(marked)
        queries = np.setdiff1d(np.arange(len(labels)), training)
    else:
        if train < 1 or test < 1:
            raise ValueError(f"{item.name}: {train} images of a class to `train` and {test} to `test`: give 1 or more")
        training, queries = split(labels, train, test, np.random.default_rng(split_seed))
    if not len(training) or not len(queries):
        raise ValueError(f"{item.name}: {len(training)} training images and {len(queries)} queries: give some of both")
    if unknown := set(labels[queries].tolist()) - set(labels[training].tolist()):
        raise ValueError(f"{item.name}: no training image of the classes {', '.join(map(str, sorted(unknown)))}")
    return Posed(
        observation.draw(item.signal[queries], rng)
        | {"training": item.signal[training], "training_labels": labels[training]},
        {"signal": item.signal[queries], "labels": labels[queries]},
    )


def split(labels: np.ndarray, train: int, test: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of training images and of queries, drawn from each class."""
    training, queries = [], []
    for name in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == name))[: train + test]
        first = max(round(len(own) * train / (train + test)), 1)
        training.append(own[:first])
        queries.append(own[first:])
    return np.concatenate(training), np.concatenate(queries)


def answer_shape(problem: Problem) -> tuple[int, ...]:
    """Ask for a label, of those of the training images, for each query."""
    return problem.observed.shape[:1]


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return the share of labels that are right."""
    return {"accuracy": partial(accuracy, truth["labels"])}


def tiny() -> dict[str, Tiny]:
    """Return smooth patterns under changing light in four classes with some pixels replaced; and few, oddly labelled.

    Of the few, one class has a single image.
    """
    rng = np.random.default_rng(3)
    rows, columns = np.linspace(-1, 1, 9)[:, None], np.linspace(-1, 1, 8)
    phases, frequencies = rng.uniform(0, 6, (4, 2, 1, 1)), rng.uniform(2, 6, (4, 2, 1, 1))
    patterns = 1.2 + np.sin(frequencies[:, 0] * rows + phases[:, 0]) * np.cos(
        frequencies[:, 1] * columns + phases[:, 1]
    )
    slopes = rng.uniform(-0.5, 0.5, (2, 4, 10, 1, 1))
    faces = patterns[:, None] * np.exp(slopes[0] * rows + slopes[1] * columns)
    faces = faces.reshape(40, 9, 8) / faces.max()
    labels, order = np.repeat([0, 1, 2, 3], 10), np.arange(40) % 10
    few = np.array([0, 1, 2, 10, 13, 17])
    return {
        "faces": Tiny(
            Item("faces", faces, rank=2, extras={"labels": labels, "training": order < 6}),
            Observation(Occlusion(pixels=0.1)),
            "accuracy",
            70,
        ),
        "few": Tiny(
            Item(
                "few",
                faces[few] / faces[few].max(),
                rank=1,
                extras={"labels": np.array([40, 40, 40, 7, 7, 12]), "training": np.array([1, 1, 0, 1, 0, 1]) == 1},
            ),
            Observation(Occlusion(block=0.1)),
        ),
    }
