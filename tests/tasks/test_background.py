"""The task `background`: the rule of what moves, its measures by hand, who gets what, and what is refused."""

import inspect

import numpy as np
import pytest
from scipy.ndimage import median_filter
from sklearn.metrics import average_precision_score, precision_recall_curve

from benchmark.contract import Item, Problem
from benchmark.loading import load_module
from benchmark.metrics import METRICS, average_precision, best_f_measure, despeckled, moving, threshold_of
from benchmark.observation import Observation
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "background.py")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def item_of(masks, shape=(6, 5, 3), **extras):
    return Item("clip", np.linspace(0, 1, np.prod(shape)).reshape(shape), extras={"masks": masks, **extras})


def scored(observed, masks, answer, **truth):
    """Return all measures of an answer by name."""
    measures = TASK.measures(Problem(observed), {"signal": observed, "masks": masks, **truth})
    return {name: measure(answer) for name, measure in measures.items()}


@pytest.fixture
def clip():
    """Return a video of a black scene with two frames, in which a square of 8 x 8 pixels moves, and its masks."""
    video, masks = np.zeros((20, 20, 2)), np.zeros((20, 20, 2), np.uint8)
    for frame, left in enumerate((0, 10)):
        video[4:12, left : left + 8, frame] = 0.5
        masks[4:12, left : left + 8, frame] = 1
    return video, masks


def test_the_threshold_is_five_deviations_of_gaussian_noise_whatever_a_part_does(rng):
    noise = np.abs(0.02 * rng.standard_normal((60, 60, 20)))
    assert threshold_of(noise) == pytest.approx(0.1, rel=0.02)
    noise[:12] = 0.9  # a fifth of the pixels moves
    assert threshold_of(noise) == pytest.approx(0.1, rel=0.35)


def test_the_threshold_is_two_grey_levels_at_least():
    assert threshold_of(np.zeros((3, 3, 3))) == 2 / 255


def test_the_rule_knows_no_scale_and_no_truth(rng):
    distances = rng.random((20, 20, 4)) ** 4
    mask = moving(distances)
    assert 0 < mask.mean() < 0.5
    np.testing.assert_array_equal(moving(3 * distances), mask)
    assert list(inspect.signature(moving).parameters) == ["distances"]


def test_a_threshold_of_the_filtered_distances_is_the_filtered_mask(rng):
    distances = rng.random((15, 12, 3))
    for threshold in (0.3, 0.5, 0.7):
        filtered = median_filter((distances > threshold).astype(int), size=(5, 5, 1)) == 1
        np.testing.assert_array_equal(despeckled(distances) > threshold, filtered)


def test_specks_are_dropped_within_a_frame_alone():
    distances = np.zeros((20, 20, 3))
    distances[5, 5] = 1  # a pixel, in all frames
    distances[10:16, 10:16, 1] = 1  # a square in one frame
    mask = moving(distances)
    assert not mask[:9].any()
    assert mask[12, 12].tolist() == [False, True, False]


def test_measures_by_hand(clip):
    video, masks = clip
    background = video.copy()
    background[4:12, :, 0] = 0  # the square of the first frame is found, the other missed
    background[14:20, 12:20, 1] = 0.3  # and 6 x 8 pixels are falsely marked
    found = scored(video, masks, {"background": background})
    marked = moving(np.abs(video - background))
    hits, alarms = int(marked[..., 0].sum()), int(marked[..., 1].sum())
    # Of a corner inside the frame the filter takes three pixels, whose windows hold 9, 12 and 12 of 25.
    assert (hits, alarms) == (64 - 2 * 3, 6 * 8 - 3)
    assert found["precision"] == pytest.approx(hits / (hits + alarms))
    assert found["recall"] == pytest.approx(hits / 128)
    assert found["f_measure"] == pytest.approx(2 * hits / (128 + hits + alarms))
    assert found["false_positives"] == pytest.approx(100 * alarms / (800 - 128))
    assert found["f_own"] == found["f_measure"]
    assert set(found) == {*TASK.MEASURES} - {"psnr"}


def test_the_f_measure_of_two_rows_by_hand():
    target = np.array([[1, 1, 0], [0, 1, 0]]) == 1
    score = np.array([[9, 5, 7], [1, 4, 0]])
    # Thresholds mark 1, 2, 3, 4 ... pixels: the best is 4, of which 3 are right.
    assert best_f_measure(target.ravel(), score.ravel()) == pytest.approx(6 / 7)


@pytest.mark.parametrize("levels", [4, 10**6])
def test_thresholds_give_what_scikit_learn_gets(rng, levels):
    target = rng.random(500) < 0.2
    score = np.round(levels * (rng.random(500) + 0.3 * target)) / levels
    precisions, recalls, _ = precision_recall_curve(target, score)
    best = np.max(2 * precisions * recalls / np.maximum(precisions + recalls, 1e-12))
    assert best_f_measure(target, score) == pytest.approx(best)
    assert average_precision(target, score) == pytest.approx(average_precision_score(target, score))
    assert 0.3 < best < 0.9


def test_the_mask_of_a_method_s_own_is_where_its_foreground_exceeds_a_hundredth(clip):
    video, masks = clip
    answer = {"background": np.zeros_like(video), "foreground": 0.02 * (masks == 1)}
    assert scored(video, masks, answer)["f_own"] == 1
    assert scored(video, masks, answer | {"foreground": answer["foreground"] / 3})["f_own"] == 0
    assert scored(video, masks, answer)["f_measure"] < 1


def test_pixels_of_which_it_is_not_known_do_not_count(clip):
    video, masks = clip
    background = np.zeros_like(video)
    background[:2] = 0.9  # falsely marked
    whole = scored(video, masks, {"background": background})
    open_masks = masks.copy()
    open_masks[:4] = 2
    assert whole["precision"] < 0.9
    assert scored(video, open_masks, {"background": background})["precision"] == 1


def test_an_answer_that_marks_nothing_has_no_precision_and_no_f(clip):
    video, masks = clip
    found = scored(video, masks, {"background": video})
    assert (found["f_measure"], found["precision"], found["recall"], found["false_positives"]) == (0, 0, 0, 0)


def test_a_known_background_is_judged_where_nothing_moves(clip):
    video, masks = clip
    background = np.where(masks == 1, 0.7, 0.1)
    found = scored(video, masks, {"background": background}, background=np.zeros_like(video))
    assert found["psnr"] == pytest.approx(20)


def test_each_answer_has_its_own_measures(clip):
    video, masks = clip
    measure = TASK.measures(Problem(video), {"signal": video, "masks": masks})["f_measure"]
    good, bad = {"background": np.zeros_like(video)}, {"background": video}
    assert [measure(own) > 0.5 for own in (good, bad, good)] == [True, False, True]


def test_all_measures_are_too_dear_to_be_taken_of_every_iterate():
    assert not METRICS[TASK.MEASURES[0]].traced


def test_masks_and_background_are_withheld(rng):
    masks = np.zeros((6, 5, 3), int)
    masks[2, 2] = 1
    posed = TASK.pose(item_of(masks, background=np.full((6, 5, 3), 0.3)), Observation(), rng)
    assert set(posed.given) == {"observed"}
    assert set(posed.withheld) == {"signal", "masks", "background"}
    assert posed.withheld["masks"].dtype == np.uint8


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (item_of(np.zeros((6, 5, 1)), (6, 5, 1)), "clip: a single frame tells nothing of motion"),
        (item_of(np.zeros((6, 5, 2))), r"clip: masks of shape \(6, 5, 2\) for a video of shape \(6, 5, 3\)"),
        (item_of(np.full((6, 5, 3), 255)), "clip: a mask has the value 255; give 0"),
        (item_of(np.full((6, 5, 3), 2)), "clip: by the masks nothing moves"),
        (item_of(np.zeros((6, 5, 3))), "clip: by the masks nothing moves"),
    ],
)
def test_what_tells_nothing_of_motion_is_refused(rng, item, message):
    with pytest.raises(ValueError, match=message):
        TASK.pose(item, Observation(), rng)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"background": np.zeros((6, 5))}, r"clip: a background of shape \(6, 5\) for a video of shape \(6, 5, 3\)"),
        ({"background": np.full((6, 5, 3), np.nan)}, "clip: 90 values of the background are NaN or infinite"),
        ({"signal": np.zeros((6, 5, 3))}, "clip: all 90 values are zero"),
        ({"signal": np.full((6, 5, 3), np.nan)}, "clip: 90 of 90 values are NaN or infinite"),
    ],
)
def test_a_background_of_another_shape_and_videos_that_are_none_are_refused(changes, message, rng):
    item = item_of(np.ones((6, 5, 3)))
    item = Item("clip", changes.pop("signal", item.signal), extras={**item.extras, **changes})
    with pytest.raises(ValueError, match=message):
        TASK.pose(item, Observation(), rng)


def test_where_nothing_is_known_to_stand_still_neither_alarms_nor_background_have_a_measure(clip):
    video, masks = clip
    found = scored(video, np.where(masks == 0, 2, masks), {"background": np.zeros_like(video)}, background=0 * video)
    assert set(found) == {*TASK.MEASURES} - {"psnr", "false_positives"}
    assert found["f_measure"] > 0.9
