"""Vectors that span noisy samples, so that others are told apart by their projections on them."""

from collections.abc import Callable, Mapping

import numpy as np

from benchmark.checks import check_signal, told_labels, told_rank
from benchmark.classification import accuracy, check_classes
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.kinds import Share
from benchmark.metrics import affinity
from benchmark.noise import Gaussian
from benchmark.observation import Observation
from benchmark.samples import as_rows
from benchmark.tiny import pattern_samples

KINDS = {"samples"}
MEASURES = ["accuracy_linear", "accuracy_rbf", "affinity"]
FIGURES = {"bases"}
FLOOR, CEILING = "raw_pixels", "clean_pca"


def pose(
    item: Item, observation: Observation, rng: np.random.Generator, *, share: Share = 0.25, split_seed: int = 42
) -> Posed:
    """Give the noisy training samples, a `share` of all; withhold the clean ones, noisy test samples, and all labels.

    The defaults are those of the paper's Figure 2. Raises ValueError for samples that are zero or not finite, without a
    label for each, or of one class, with too few of a class to learn from, or none left for the test, and without a
    rank that the training samples can have.
    """
    check_signal(item)
    labels = told_labels(item)
    order = np.random.default_rng(split_seed).permutation(len(item.signal))
    train, test = np.split(order, [round(share * len(order))])
    if not len(train) or not len(test):
        raise ValueError(
            f"{item.name}: a share of {share:g} of {len(order)} samples leaves none on one side: give another share"
        )
    told_rank(item, min(len(train), item.signal[0].size))
    check_classes(labels[train], share)
    given = observation.draw(item.signal[train], rng)
    return Posed(
        given,
        {
            "signal": item.signal[train],
            "labels": labels[train],
            "test": observation.draw(item.signal[test], rng)["observed"],
            "test_labels": labels[test],
        },
    )


def answer_shape(problem: Problem) -> tuple[int, ...]:
    """Ask for as many vectors as the rank, each of a sample's shape."""
    return (problem.rank, *problem.observed.shape[1:])


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return how well projections of noisy samples tell their classes, and the affinity to the clean basis.

    The clean basis are the principal components of the clean training samples.
    """
    from benchmark.algorithms.principal import principal_components  # loads scikit-learn, which scores alone need

    components = principal_components(as_rows(truth["signal"]), problem.rank)
    return {
        "accuracy_linear": lambda answer: accuracy("linear", as_rows(answer), problem.observed, truth),
        "accuracy_rbf": lambda answer: accuracy("rbf", as_rows(answer), problem.observed, truth),
        "affinity": lambda answer: affinity(components, as_rows(answer)),
    }


def tiny() -> dict[str, Tiny]:
    """Return samples of two patterns with white noise, labelled by the stronger one."""
    signal = pattern_samples(200, 9, 7, positive=False)
    labels = (signal[:, 0, 0] > 0).astype(int)
    return {
        "samples": Tiny(
            Item("samples", signal, rank=2, signed=True, extras={"labels": labels}),
            Observation(Gaussian(0.05)),
            "affinity",
            0.9,
        )
    }
