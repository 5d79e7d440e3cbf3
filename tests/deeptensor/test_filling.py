"""Filling of hidden entries: what is known stays, what is not is never looked at, and it beats its own start."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from deeptensor import fill, filling, lessons

QUICK = {"channels": 16, "scales": 2, "iterations": 120, "progress": False, "device": "cpu"}


def picture(size: int = 64) -> np.ndarray:
    """Return rings, from 0 to 1, which averages blur."""
    rows, columns = np.mgrid[:size, :size]
    return 0.5 + 0.5 * np.cos(np.hypot(rows - 20, columns - 30) / 1.2)


def hidden(shape: tuple[int, ...], share: float = 0.5, seed: int = 0) -> np.ndarray:
    """Return which entries are known."""
    return np.random.default_rng(seed).random(shape) >= share


def error(estimate: np.ndarray, truth: np.ndarray, known: np.ndarray) -> float:
    """Return the mean square error where the truth is not known."""
    return np.mean((estimate - truth)[~known] ** 2)


@pytest.fixture(scope="module")
def found():
    return fill(picture(), hidden((64, 64)), **QUICK)


def test_it_learns_more_than_the_averages_it_starts_from(found):
    known = hidden((64, 64))
    start = fill(picture(), known, **QUICK | {"iterations": 1, "learning_rate": 1e-12}).signal
    assert error(found.signal, picture(), known) < 0.75 * error(start, picture(), known)


def test_the_start_beats_the_mean_of_the_image_by_far():
    known = hidden((64, 64))
    start = fill(picture(), known, **QUICK | {"iterations": 1, "learning_rate": 1e-12}).signal
    assert error(start, picture(), known) < 0.2 * error(np.full((64, 64), picture().mean()), picture(), known)


def test_what_is_known_stays_to_the_last_digit_and_nothing_else_is_looked_at(found):
    known = hidden((64, 64))
    np.testing.assert_array_equal(found.signal[known], picture()[known])
    for value in (np.nan, 1e9):
        other = fill(np.where(known, picture(), value), known, **QUICK)
        np.testing.assert_array_equal(other.signal, found.signal)
    np.testing.assert_array_equal(fill(np.where(known, picture(), np.nan), **QUICK).signal, found.signal)


def test_the_risk_is_about_the_true_error(found):
    true = error(found.signal, picture(), hidden((64, 64)))
    assert 0.5 * true < found.risk < 2 * true


def test_a_stack_teaches_one_network_and_each_image_is_filled():
    stack = np.stack([picture(), 1 - picture(), 0.5 * picture()], axis=-1)
    known = hidden(stack.shape)
    found = fill(stack, known, **QUICK | {"iterations": 200})
    start = fill(stack, known, **QUICK | {"iterations": 1, "learning_rate": 1e-12})
    for image in range(3):
        errors = [error(x.signal[..., image], stack[..., image], known[..., image]) for x in (found, start)]
        assert errors[0] < 0.85 * errors[1]


def test_a_ramp_is_filled_but_for_little_and_a_constant_exactly():
    ramp = np.add.outer(np.arange(40.0), 2 * np.arange(30.0))
    known = hidden(ramp.shape)
    assert error(fill(ramp, known, **QUICK).signal, ramp, known) < 0.002 * ramp.var()
    np.testing.assert_allclose(fill(np.full((20, 24), 7.0), hidden((20, 24)), **QUICK).signal, 7.0, rtol=1e-5)


def test_what_is_all_known_comes_back():
    answer = fill(picture(), np.ones((64, 64)), **QUICK)
    np.testing.assert_array_equal(answer.signal, picture())
    assert (answer.risk, answer.stop.iteration) == (0, 0)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_the_units_do_not_matter(scale, found):
    answer = fill(scale * picture(), hidden((64, 64)), **QUICK)
    np.testing.assert_allclose(answer.signal / scale, found.signal, atol=1e-3)


def test_the_seed_decides_and_the_kind_of_array_does_not():
    short, known = QUICK | {"iterations": 5}, hidden((64, 64))
    first = fill(picture(), known, seed=3, **short).signal
    assert not np.array_equal(first, fill(picture(), known, seed=4, **short).signal)
    np.testing.assert_array_equal(fill(picture().tolist(), known.tolist(), seed=3, **short).signal, first)
    tensor = fill(torch.tensor(picture()), torch.tensor(known), seed=3, **short).signal
    assert tensor.dtype == torch.float64
    np.testing.assert_array_equal(tensor, first)


def disc(frames: int = 12, size: int = 24) -> np.ndarray:
    """Return a video of a disc that moves by a pixel a frame."""
    rows, columns = np.mgrid[:size, :size]
    return np.stack([0.2 + 0.6 * (np.hypot(rows - 12, columns - 6 - frame) < 5) for frame in range(frames)], axis=-1)


def test_frames_of_a_video_fill_each_other():
    video, quick = disc(), QUICK | {"channels": 8, "iterations": 40}
    known = hidden(video.shape, share=0.85)
    alone, together = (fill(video, known, video=video_or_not, **quick) for video_or_not in (False, True))
    assert error(together.signal, video, known) < 0.7 * error(alone.signal, video, known)
    np.testing.assert_array_equal(together.signal[known], video[known])


def test_entries_that_are_not_exact_lose_noise():
    video = disc()
    known = hidden(video.shape, share=0.7)
    noisy = np.where(known, video + 0.2 * np.random.default_rng(1).standard_normal(video.shape), np.nan)
    found = fill(noisy, known, video=True, exact=False, **QUICK | {"channels": 8, "iterations": 40})
    assert np.mean((found.signal - video)[known] ** 2) < 0.4 * 0.2**2
    assert error(found.signal, video, known) < 0.4 * 0.2**2
    # All is known, but nothing is exact.
    found = fill(video + 0.2, exact=False, **QUICK | {"iterations": 1})
    assert found.stop.iteration == 1


@pytest.mark.parametrize(("in_space", "in_time"), [(1.4, 0.0), (0.7, 1.4)])
def test_the_windows_are_gaussian_filters(in_space, in_time):
    images = np.random.default_rng(0).standard_normal((5, 9, 8))
    expected = gaussian_filter(images, (in_time, in_space, in_space), mode="constant", truncate=4)
    blurred = filling._blurred(torch.from_numpy(images), (in_space, in_time))
    np.testing.assert_allclose(blurred, expected, atol=1e-12)


def test_an_interrupted_call_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    path, short, known, windows = tmp_path / "state", QUICK | {"iterations": 10}, hidden((64, 64)), []
    draw = filling._Filler.window

    def interrupted(*arguments):
        windows.append(arguments)
        if len(windows) == 6:
            raise KeyboardInterrupt
        return draw(*arguments)

    monkeypatch.setattr(lessons, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(filling._Filler, "window", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fill(picture(), known, checkpoint=path, **short)
    with pytest.raises(ValueError, match="of another fit"):
        fill(picture(), ~known, checkpoint=path, **short)
    for other in ({"seed": 1}, {"channels": 8}, {"learning_rate": 1e-3}):
        with pytest.raises(ValueError, match="of another fit"):
            fill(picture(), known, checkpoint=path, **short | other)
    answer = fill(picture(), known, checkpoint=path, **short)
    assert len(windows) == 6 + 5
    assert not path.exists()
    monkeypatch.undo()
    np.testing.assert_array_equal(answer.signal, fill(picture(), known, **short).signal)


@pytest.mark.parametrize(
    ("data", "known", "settings", "message"),
    [
        (np.ones(9), None, {}, r"of shape \(9,\)"),
        (np.ones((3, 9)), None, {}, "at least 4 x 4"),
        (np.full((8, 8), np.nan), None, {}, "nothing of Y is known"),
        (picture(), np.zeros((64, 64)), {}, "nothing of Y is known"),
        (picture(), np.ones((64, 63)), {}, r"shape of Y, \(64, 64\)"),
        (picture(), picture(), {}, "true"),
        (np.where(hidden((64, 64)), picture(), np.nan), np.ones((64, 64)), {}, "not finite where"),
        (np.ma.masked_less(picture(), 0.5), None, {}, "masked array"),
        (picture(), hidden((64, 64)), {"video": True}, r"stack of frames \(H, W, T\)"),
        (picture(), hidden((64, 64)), {"exact": 1.5}, "exact must be"),
        (picture(), hidden((64, 64)), {"iterations": 0}, "iterations must be"),
        (picture(), hidden((64, 64)), {"learning_rate": 0}, "learning_rate must be"),
        (picture(), hidden((64, 64)), {"checkpoint": "no/such/folder/file"}, "does not exist"),
    ],
)
def test_what_makes_no_sense_is_refused(data, known, settings, message):
    with pytest.raises(ValueError, match=message):
        fill(data, known, **QUICK | settings)
