"""The task `classify`: what is drawn of an image, who gets what, and what is refused."""

import numpy as np
import pytest
from scipy.stats import chisquare

from benchmark.contract import Item, Problem
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.source import ROOT

CLASSIFY = load_module(ROOT / "tasks" / "classify.py")
Occlusion = CLASSIFY.Occlusion


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def occluded(rng, block=0.0, pixels=0.0, shape=(20, 30, 25)):
    """Return observed images of a clean 2.0, which neither a picture nor a grey level has."""
    return Occlusion(block, pixels).sample(np.full(shape, 2.0), rng)


def item_of(labels, **extras):
    signal = np.linspace(0, 1, 6 * len(labels)).reshape(len(labels), 2, 3)
    return Item("item", signal, extras={"labels": np.array(labels), **extras})


def test_a_block_covers_its_share_inside_the_image_wherever_it_lies(rng):
    observed = occluded(rng, block=0.3)
    side = int(np.sqrt(30 * 25 * 0.3))
    corners = set()
    for image in observed:
        rows, columns = np.nonzero(image != 2)
        assert len(rows) == side**2
        assert (np.ptp(rows), np.ptp(columns)) == (side - 1, side - 1)
        corners.add((int(rows.min()), int(columns.min())))
    assert len(corners) > 10


def test_a_block_that_no_square_fits_keeps_the_sides_of_the_image(rng):
    covered = occluded(rng, block=0.6, shape=(1, 40, 20))[0] != 2
    rows, columns = np.nonzero(covered)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (int(40 * 0.6**0.5), int(20 * 0.6**0.5))


def test_the_block_shows_the_same_picture_in_all_images(rng):
    first, second = (image[image != 2] for image in occluded(rng, block=0.4, shape=(2, 30, 25)))
    np.testing.assert_array_equal(first, second)
    assert first.std() > 0.05
    assert 0 <= first.min() < first.max() <= 1


def test_a_share_of_distinct_pixels_takes_any_grey_level(rng):
    observed = occluded(rng, pixels=0.4, shape=(400, 30, 25))
    replaced = observed != 2
    np.testing.assert_array_equal(replaced.sum(axis=(1, 2)), int(30 * 25 * 0.4))
    levels = 255 * observed[replaced]
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-9)
    assert chisquare(np.bincount(np.round(levels).astype(int), minlength=256)).pvalue > 0.01
    # Of every place in 400 images 160 are expected, with a standard deviation of 10.
    assert np.abs(replaced.sum(axis=0) - 160).max() < 50


def test_pixels_fall_into_the_block_too(rng):
    observed = occluded(rng, block=0.4, pixels=0.4)
    share = np.mean(observed != 2)
    block = int(np.sqrt(30 * 25 * 0.4)) ** 2 / (30 * 25)
    assert share == pytest.approx(1 - (1 - block) * 0.6, abs=0.01)


def test_nothing_is_drawn_of_shares_of_zero(rng):
    np.testing.assert_array_equal(occluded(rng), 2)


def test_queries_alone_are_observed_and_their_labels_withheld(rng):
    item = item_of([4, 4, 9, 9, 4], training=np.array([True, False, True, False, True]))
    posed = CLASSIFY.pose(item, Observation(Occlusion(pixels=1.0)), rng)
    np.testing.assert_array_equal(posed.given["training"], item.signal[[0, 2, 4]])
    np.testing.assert_array_equal(posed.given["training_labels"], [4, 9, 4])
    np.testing.assert_array_equal(posed.withheld["labels"], [4, 9])
    np.testing.assert_array_equal(posed.withheld["signal"], item.signal[[1, 3]])
    assert (posed.given["observed"] != item.signal[[1, 3]]).any(axis=(1, 2)).all()
    assert set(posed.given) == {"observed", "training", "training_labels"}


def test_images_without_a_mark_are_split_within_each_class(rng):
    item = item_of([1] * 30 + [2] * 7 + [3])
    posed = CLASSIFY.pose(item, Observation(), rng, train=5, test=2)
    assert [int((posed.given["training_labels"] == name).sum()) for name in (1, 2, 3)] == [5, 5, 1]
    assert [int((posed.withheld["labels"] == name).sum()) for name in (1, 2, 3)] == [2, 2, 0]
    again = CLASSIFY.pose(item, Observation(), np.random.default_rng(5), train=5, test=2)
    np.testing.assert_array_equal(again.given["training"], posed.given["training"])
    other = CLASSIFY.pose(item, Observation(), rng, train=5, test=2, split_seed=1)
    assert (other.given["training"] != posed.given["training"]).any()


def test_labels_that_are_texts_are_numbered_in_order(rng):
    item = item_of(["bob", "ann", "ann", "bob"], training=np.array([1, 1, 0, 0]) == 1)
    posed = CLASSIFY.pose(item, Observation(), rng)
    np.testing.assert_array_equal(posed.given["training_labels"], [1, 0])
    np.testing.assert_array_equal(posed.withheld["labels"], [0, 1])


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (Item("plain", np.ones((4, 2, 3))), "have no labels to learn classes from: give a labelled data set"),
        (Item("flat", np.ones((4, 6)), extras={"labels": np.arange(4)}), r"samples of shape \(6,\); images, h x w"),
        (item_of([1, 1, 2], training=np.array([1, 1, 0]) == 1), "no training image of the classes 2"),
        (item_of([1, 2], training=np.array([1, 1]) == 1), "2 training images and 0 queries: give some of both"),
        (item_of([1, 2]), "2 training images and 0 queries"),
        (item_of([1, 1, 1]), "item: all 3 `labels` are 1: give samples of two classes or more"),
        (item_of([1, np.nan, 2]), "item: 1 of 3 `labels` are NaN or infinite: name a class for each"),
        (item_of([[1], [2]]), r"item: `labels` of shape \(2, 1\) for 2 samples: give one for each"),
        (item_of([1, 2], training=np.ones(3)), r"the extra `training` has the shape \(3,\) for 2 images: mark each"),
    ],
)
def test_what_cannot_be_classified_is_refused(rng, item, message):
    with pytest.raises(ValueError, match=message):
        CLASSIFY.pose(item, Observation(), rng)


@pytest.mark.parametrize(("train", "test"), [(0, 0), (-1, 1), (3, 0)])
def test_splits_without_images_on_a_side_are_refused(train, test, rng):
    with pytest.raises(ValueError, match=f"{train} images of a class to `train` and {test} to `test`: give 1 or more"):
        CLASSIFY.pose(item_of([1, 1, 2, 2]), Observation(), rng, train=train, test=test)


def test_accuracy_is_the_share_of_queries_whose_label_is_right():
    truth = {"labels": np.array([7, 7, 40, 12])}
    measure = CLASSIFY.measures(Problem(np.ones((4, 2, 3))), truth)["accuracy"]
    assert measure(np.array([7, 40, 40, 12])) == 75
    assert measure(np.array([7.0, 7.0, 40.0, 12.0])) == 100
    assert measure(np.array([0, 1, 2, 3])) == 0
