"""Videos with moving ellipses: what moves is where the masks say, as bright as the frame, and the same for a seed."""

import numpy as np
import pytest

from benchmark.loaders.moving import composite, masked, with_ellipses


@pytest.fixture
def frames():
    scene = 0.3 + 0.4 * np.random.default_rng(1).random((96, 100, 1))
    return scene * np.where(np.arange(24) < 12, 1.0, 0.5)


def test_ellipses_are_where_the_masks_say_and_nowhere_else(frames):
    video, masks = with_ellipses(frames, 3, np.random.default_rng(0))
    np.testing.assert_array_equal(video[masks == 0], frames[masks == 0])
    changed = video != frames
    assert changed[masks == 1].mean() > 0.999  # a texture can meet the scene by chance
    assert 0.03 < masks.mean() < 0.1


def test_an_ellipse_has_its_axes_and_moves_along_a_row(frames):
    _, masks = with_ellipses(frames, 1, np.random.default_rng(3))
    rows, columns, times = np.nonzero(masks)
    assert 14 <= np.ptp(rows) + 1 <= 23
    whole = [
        t for t in range(24) if 0 not in columns[times == t] and 99 not in columns[times == t] and (times == t).any()
    ]
    widths = {np.ptp(columns[times == t]) + 1 for t in whole}
    assert 18 <= min(widths) <= max(widths) <= 32
    assert max(widths) - min(widths) <= 1
    assert len({round(rows[times == t].mean(), 6) for t in whole}) <= 2  # the centre stays in its row
    assert len({int(columns[times == t].mean()) for t in whole}) > len(whole) / 2


def test_what_moves_is_lit_by_the_lamp_of_its_frame(frames):
    video, masks = with_ellipses(frames, 3, np.random.default_rng(0))
    steady, _ = with_ellipses(np.repeat(frames[..., :1], 24, axis=2), 3, np.random.default_rng(0))
    inside = masks == 1
    ratio = video[inside] / np.maximum(steady[inside], 1e-9)
    dark = np.broadcast_to(np.arange(24) >= 12, frames.shape)[inside]
    # The median over time of the mean is 0.75 of the bright one; clipping takes some off bright frames.
    np.testing.assert_allclose(ratio[dark], 0.5 / 0.75, rtol=1e-6)
    assert np.median(ratio[~dark]) == pytest.approx(1 / 0.75, rel=1e-6)


def test_a_composite_keeps_its_background_on_the_scale_of_the_video(frames):
    item = composite("Test", "clip", frames, 2, 5, noise=0.01)
    still = item.extras["masks"] == 0
    difference = item.signal[still] - item.extras["background"][still]
    peak = (frames / item.extras["background"]).mean()
    assert abs(difference.mean()) < 1e-3
    assert difference.std() == pytest.approx(0.01 / peak, rel=0.05)
    again, other = (composite("Test", "clip", frames, 2, seed, noise=0.01) for seed in (5, 6))
    np.testing.assert_array_equal(item.signal, again.signal)
    assert (item.extras["masks"] != other.extras["masks"]).any()


def test_frames_without_a_mask_are_not_known():
    item = masked("Test", "clip", np.arange(24.0).reshape(2, 3, 4), {2: np.ones((2, 3), bool)})
    np.testing.assert_array_equal(np.unique(item.extras["masks"][..., [0, 1, 3]]), 2)
    np.testing.assert_array_equal(item.extras["masks"][..., 2], 1)


def test_the_photograph_has_three_lights_and_one_scene(load, tmp_path):
    steady, switch, shadow = load("photo_moving", tmp_path, lights=["steady", "switch", "shadow"])
    for item in (steady, switch, shadow):
        assert item.signal.shape == (96, 128, 40)
        assert 0.04 < item.extras["masks"].mean() < 0.08
        np.testing.assert_array_equal(item.extras["masks"], steady.extras["masks"])
    means = {item.name: item.extras["background"].mean(axis=(0, 1)) for item in (steady, switch, shadow)}
    assert np.ptp(means["steady-0"]) < 1e-6
    ratio = means["switch-0"][10:20].mean() / means["switch-0"][:10].mean()
    assert ratio == pytest.approx(0.65, abs=0.03)
    ranks = [np.linalg.matrix_rank(item.extras["background"].reshape(-1, 40), tol=1e-2) for item in (steady, switch)]
    assert ranks == [1, 1]
    lit = shadow.extras["background"] / steady.extras["background"]
    assert np.median(lit[..., -1] / lit[..., 0]) == pytest.approx(0.55 * 0.85, rel=0.01)


def test_severe_light_is_smooth_in_each_frame_but_for_one_straight_shadow_and_another_in_the_next(load, tmp_path):
    steady, severe = load("photo_moving", tmp_path, lights=["steady", "severe"])
    assert severe.signal.shape == (96, 128, 40)
    bright = steady.extras["background"][..., :1] > 0.05
    light = np.where(bright, severe.extras["background"], np.nan) / steady.extras["background"][..., :1]
    assert 0.55 * np.exp(-3 * 0.7) < np.nanmin(light) < 0.5
    assert 1.5 < np.nanmax(light) < np.exp(3 * 0.7)
    means = np.nanmean(light, axis=(0, 1))
    assert np.abs(np.diff(means)).mean() > 0.05
    values = np.linalg.svd(np.nan_to_num(light).reshape(-1, 40), compute_uv=False)
    assert (values**2)[2:].sum() > 0.01 * (values**2).sum()  # no light of rank two
