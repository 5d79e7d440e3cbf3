"""The task `metric`: who gets which samples, how neighbours vote, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from benchmark.contract import Item, Problem
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.source import ROOT

METRIC = load_module(ROOT / "tasks" / "metric.py")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def item(rng):
    samples = rng.uniform(0, 1, (60, 2, 3))
    return Item("item", samples / samples.max(), rank=2, extras={"labels": np.repeat([7, 3, 5], [12, 18, 30])})


def judged(posed, answer) -> tuple[float, float]:
    granted = {"labels": posed.given["labels"]}
    measures = METRIC.measures(Problem(posed.given["observed"], rank=2, granted=granted), posed.withheld)
    return tuple(measures[name](answer) for name in ("accuracy", "accuracy_euclidean"))


def test_the_labels_of_training_samples_alone_are_granted(item, rng):
    posed = METRIC.pose(item, Observation(), rng)
    assert set(posed.given) == {"observed", "labels"}
    assert [int((posed.given["labels"] == name).sum()) for name in (7, 3, 5)] == [6, 9, 15]
    assert [int((posed.withheld["test_labels"] == name).sum()) for name in (7, 3, 5)] == [6, 9, 15]
    both = np.concatenate([posed.given["observed"], posed.withheld["test"]]).reshape(60, -1)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 1, atol=1e-6)
    whole = item.signal.reshape(60, -1)
    cosines = both @ (whole / np.linalg.norm(whole, axis=1, keepdims=True)).T
    assert set(cosines.argmax(axis=1)) == set(range(60))  # no sample is in both


def test_each_seed_draws_another_half(item):
    first, same, other = (METRIC.pose(item, Observation(), np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.given["observed"], same.given["observed"])
    assert (first.given["observed"] != other.given["observed"]).any()


def test_votes_are_those_of_scikit_learn(item, rng):
    posed, rows = METRIC.pose(item, Observation(), rng), rng.standard_normal((4, 2, 3))
    samples, queries = (
        own.reshape(len(own), -1) @ rows.reshape(4, -1).T for own in (posed.given["observed"], posed.withheld["test"])
    )
    for metric, own in zip(("cosine", "euclidean"), judged(posed, rows), strict=True):
        judge = KNeighborsClassifier(5, metric=metric, algorithm="brute").fit(samples, posed.given["labels"])
        assert own == pytest.approx(100 * judge.score(queries, posed.withheld["test_labels"]))
        assert 0 < own < 100


def test_the_farther_of_five_neighbours_count_as_much_as_the_nearer():
    closeness = np.array([[0.9, 0.8, 0.3, 0.2, 0.1, 0.0], [0.0, 0.9, 0.1, 0.8, 0.7, 0.2]])
    np.testing.assert_array_equal(METRIC.votes(closeness, np.array([4, 4, 2, 2, 2, 4])), [2, 2])


def test_scale_and_rotation_of_a_map_change_nothing(item, rng):
    posed, rows = METRIC.pose(item, Observation(), rng), rng.standard_normal((4, 6))
    turned = 3 * np.linalg.qr(rng.standard_normal((4, 4)))[0] @ rows
    assert judged(posed, rows.reshape(4, 2, 3)) == judged(posed, turned.reshape(4, 2, 3))


@pytest.mark.parametrize(
    ("labels", "share", "message"),
    [
        (None, 0.5, "item: the samples have no labels to learn classes from: give a labelled data set"),
        ([1] * 9 + [2], 0.3, "a share of 0.3 of the 1 samples of class 2 leaves none on one side; give more"),
        ([1] * 4 + [2] * 4, 0.5, "item: 4 training samples have no 5 neighbours: give more"),
        ([1] * 10, 0.5, "item: all 10 `labels` are 1: give samples of two classes or more"),
        ([1.0] * 5 + [np.nan] * 5, 0.5, "item: 5 of 10 `labels` are NaN or infinite: name a class for each sample"),
        ([[1]] * 5 + [[2]] * 5, 0.5, r"item: `labels` of shape \(10, 1\) for 10 samples: give one for each"),
    ],
)
def test_what_cannot_be_judged_is_refused(labels, share, message, rng):
    extras = {} if labels is None else {"labels": np.array(labels)}
    with pytest.raises(ValueError, match=message):
        METRIC.pose(
            Item("item", np.ones((10 if labels is None else len(labels), 3)), extras=extras),
            Observation(),
            rng,
            share=share,
        )


def test_rows_of_another_shape_are_no_map(item, rng):
    with pytest.raises(ValueError, match=r"rows of shape \(6,\) do not apply to samples of \(2, 3\)"):
        judged(METRIC.pose(item, Observation(), rng), np.ones((4, 6)))
    with pytest.raises(ValueError, match="the map has no rows: give one at least"):
        judged(METRIC.pose(item, Observation(), rng), np.ones((0, 2, 3)))


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.ones((12, 3)), r"item: `labels` of shape \(10,\) for 12 samples: give one for each"),
        (np.zeros((10, 3)), "item: all 30 values are zero, and errors relative to them none: leave it out"),
        (np.full((10, 3), np.nan), "item: 30 of 30 values are NaN or infinite in single precision"),
        (np.full((10, 3), 1e39), "item: 30 of 30 values are NaN or infinite in single precision"),
    ],
)
def test_samples_that_cannot_be_judged_are_refused(samples, message, rng):
    item = Item("item", samples, extras={"labels": np.repeat([1, 2], 5)})
    with pytest.raises(ValueError, match=message):
        METRIC.pose(item, Observation(), rng)


@pytest.mark.parametrize("scale", [1e-200, 1e30, 1e200])
def test_no_scale_of_data_or_map_changes_who_is_near(item, rng, scale):
    rows = rng.standard_normal((4, 2, 3))
    posed = METRIC.pose(item, Observation(), np.random.default_rng(0))
    assert judged(posed, scale * rows) == judged(posed, rows)
    large = replace(item, signal=item.signal * np.clip(scale, 1e-30, 1e30))
    np.testing.assert_allclose(
        METRIC.pose(large, Observation(), np.random.default_rng(0)).given["observed"],
        posed.given["observed"],
        rtol=1e-5,
    )
