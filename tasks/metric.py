"""A linear map under which samples of one class are alike, from samples and their labels.

It is judged by the classes of other samples, which no method sees: each gets the label that most of its five nearest
neighbours among the training samples have, all votes of one weight. (The published script of FLRML weighs a vote by the
squared distance, so that farther neighbours count more.) Samples are divided by their norms.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from benchmark.checks import check_signal, told_labels
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.kinds import Share
from benchmark.metrics import accuracy
from benchmark.noise import Gaussian
from benchmark.observation import Observation
from benchmark.samples import as_rows, unit

KINDS = {"samples"}
MEASURES = ["accuracy", "accuracy_euclidean"]
FIGURES = set()
FLOOR, CEILING = None, None

NEIGHBOURS = 5


def pose(item: Item, observation: Observation, rng: np.random.Generator, *, share: Share = 0.5) -> Posed:
    """Give a random `share` of the samples of each class, and their labels; withhold all others and theirs.

    Raises ValueError for samples that are zero or not finite, without a label for each, or of one class, and where
    there are too few to divide.
    """
    check_signal(item)
    labels = told_labels(item)
    training = np.zeros(len(labels), bool)
    for name in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == name))
        number = round(share * len(own))
        if not 0 < number < len(own):
            raise ValueError(
                f"{item.name}: a share of {share:g} of the {len(own)} samples of class {name} leaves none on one side; "
                "give more samples of it, or another share"
            )
        training[own[:number]] = True
    samples = unit(as_rows(item.signal)).reshape(item.signal.shape).astype(np.float32)
    if training.sum() < NEIGHBOURS:
        raise ValueError(f"{item.name}: {training.sum()} training samples have no {NEIGHBOURS} neighbours: give more")
    return Posed(
        observation.draw(samples[training], rng) | {"labels": labels[training]},
        {
            "signal": samples[training],
            "test": observation.draw(samples[~training], rng)["observed"],
            "test_labels": labels[~training],
        },
    )


def answer_shape(problem: Problem) -> None:
    """Ask for the rows of the map, d x the shape of a sample, with a d that is open."""


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return the share of labels that are right, where neighbours are near by their cosine, or by their distance."""
    samples, labels = as_rows(problem.observed), problem.granted["labels"]
    queries, wanted = as_rows(truth["test"]), truth["test_labels"]

    def judged(closeness: Callable[[np.ndarray, np.ndarray], np.ndarray], answer: np.ndarray) -> float:
        if answer.shape[1:] != problem.observed.shape[1:]:
            raise ValueError(
                f"rows of shape {answer.shape[1:]} do not apply to samples of {problem.observed.shape[1:]}"
            )
        if not len(answer):
            raise ValueError("the map has no rows: give one at least")
        rows = as_rows(answer)
        rows = rows / (np.abs(rows).max() or 1.0)  # no scale of a map changes anything, but by overflow
        return accuracy(wanted, votes(closeness(queries @ rows.T, samples @ rows.T), labels))

    return {"accuracy": partial(judged, cosines), "accuracy_euclidean": partial(judged, opposite_distances)}


def votes(closeness: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the label that most of the nearest have (q,), the least of several; `closeness` is q x n, labels (n,)."""
    classes, numbers = np.unique(labels, return_inverse=True)
    nearest = np.argpartition(-closeness, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    counts = np.stack([np.sum(numbers[nearest] == number, axis=1) for number in range(len(classes))], axis=1)
    return classes[counts.argmax(axis=1)]


def cosines(queries: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Return the cosines of two sets of rows, q x n."""
    return unit(queries) @ unit(samples).T


def opposite_distances(queries: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Return what orders samples by their distance to each query as its negative would, q x n."""
    return 2 * queries @ samples.T - np.sum(samples**2, axis=1)


def tiny() -> dict[str, Tiny]:
    """Return patterns of three classes in strong noise; most of it has one direction, which tells no class."""
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1, 2], [25, 23, 25])
    patterns = rng.uniform(0, 1, (3, 5, 4))
    nuisance = rng.uniform(0, 1, (5, 4)) * rng.uniform(0, 3, (73, 1, 1))
    samples = patterns[labels] + nuisance + 0.1 * rng.uniform(0, 1, (73, 5, 4))
    item = Item("classes", samples / samples.max(), rank=2, extras={"labels": labels})
    return {"classes": Tiny(item, Observation(Gaussian(0.005)), "accuracy", 50)}
