"""A fit that is interrupted goes on from its checkpoint as if nothing had happened."""

import errno
import signal
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from deeptensor import (
    Discrepancy,
    ExponentialVariance,
    HeldOut,
    LowestLoss,
    Model,
    Network,
    WindowedVariance,
    factorise_many,
    loop,
)
from deeptensor.operators import Matrix

Y = np.random.default_rng(0).random((2, 12, 9))
MODEL = Model(3, network=Network(channels=4, scales=2), weights=True)
RULES = [
    LowestLoss(),
    HeldOut(0.2),
    HeldOut(0.2, refit=True),
    Discrepancy(0.08),
    WindowedVariance(5, 50),
    ExponentialVariance(0.1, 5),
]


def fits(checkpoint=None, **settings):
    return factorise_many(model=MODEL, **{"Ys": Y, "iterations": 40, "checkpoint": checkpoint, **settings})


@pytest.fixture
def interrupt(monkeypatch, tmp_path):
    """Return a function that fits until an iteration of a phase, the last checkpoint 5 before, and the file's path."""

    def run(iteration=25, phase=0, **settings):
        path, advance, phases = tmp_path / "fit.pt", loop.State.advance, []

        def advance_until(state, task):
            if task not in phases:
                phases.append(task)
            if phases.index(task) == phase:
                if state.iteration == iteration - 1:
                    raise KeyboardInterrupt
                # A checkpoint is due after an iteration once its time is over.
                due = state.iteration == iteration - 6
                monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1 if due else 1e9)
            return advance(state, task)

        monkeypatch.setattr(loop.State, "advance", advance_until)
        with pytest.raises(KeyboardInterrupt):
            fits(path, **settings)
        monkeypatch.setattr(loop.State, "advance", advance)
        return path

    return run


def check_resumed(path, monkeypatch, first, **settings):
    """Check that the fit goes on after iteration `first`, and comes out bit for bit as without the interruption."""
    done, advance = [], loop.State.advance

    def advance_and_tell(state, task):
        done.append(state.iteration)
        return advance(state, task)

    monkeypatch.setattr(loop.State, "advance", advance_and_tell)
    for resumed, whole in zip(fits(path, **settings), fits(**settings), strict=True):
        assert done[0] == first
        for one, two in zip(resumed.decomposition.factors, whole.decomposition.factors, strict=True):
            np.testing.assert_array_equal(one, two)
        for one, two in zip(resumed.average.factors, whole.average.factors, strict=True):
            np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(resumed.decomposition.core, whole.decomposition.core)
        np.testing.assert_array_equal(resumed.loss, whole.loss)
        assert (resumed.stop, resumed.best_iteration) == (whole.stop, whole.best_iteration)
        assert [s.iteration for s in resumed.snapshots] == [s.iteration for s in whole.snapshots]
        np.testing.assert_array_equal(resumed.snapshots[3].last.factors[0], whole.snapshots[3].last.factors[0])
        assert (np.diff([s.seconds for s in resumed.snapshots]) > 0).all()
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_resumed_fit_is_the_uninterrupted_one(rule, interrupt, monkeypatch):
    check_resumed(interrupt(stopping=rule), monkeypatch, first=20, stopping=rule)


def test_fit_interrupted_in_its_second_phase_does_not_repeat_the_first(interrupt, monkeypatch):
    path = interrupt(iteration=9, phase=1, stopping=HeldOut(0.2, refit=True))
    check_resumed(path, monkeypatch, first=4, stopping=HeldOut(0.2, refit=True))


def mask(seed):
    return np.random.default_rng(seed).random(Y.shape[1:]) < 0.5


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"loss": "l1"}),
        ({}, {"seeds": [0, 2]}),
        ({"stopping": Discrepancy(np.full((12, 9), 0.01))}, {"stopping": Discrepancy(np.full((12, 9), 0.02))}),
        ({"weights": mask(0)}, {"weights": mask(1)}),
        (
            {"operator": Matrix(np.eye(108), (12, 9)), "Ys": Y.reshape(2, 108)},
            {"operator": Matrix(np.eye(108)[::-1].copy(), (12, 9)), "Ys": Y.reshape(2, 108)},
        ),
    ],
)
def test_checkpoint_of_another_fit_is_refused_and_kept(before, after, interrupt):
    path = interrupt(**before)
    with pytest.raises(ValueError, match="the checkpoint of another fit: remove it"):
        fits(path, **after)
    assert path.exists()


def test_file_that_is_no_checkpoint_is_refused_and_kept(tmp_path):
    path = tmp_path / "thesis.pt"
    path.write_text("the only copy")
    with pytest.raises(ValueError, match="is no checkpoint: remove it"):
        fits(path)
    assert path.read_text() == "the only copy"


def test_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(ValueError, match=r"checkpoint must be a file, and .* is a folder"):
        fits(tmp_path)


def test_checkpoint_of_another_version_is_refused_and_kept(interrupt):
    path = interrupt()
    saved = torch.load(path, weights_only=True)
    del saved["state"]["last_gain"]
    torch.save(saved, path)
    with pytest.raises(ValueError, match="the checkpoint of another version of deeptensor: remove it to start anew"):
        fits(path)
    assert path.exists()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let an interrupt be raised, which a process that was started in the background ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_keeps_what_was_found_until_then(tmp_path, monkeypatch):
    path, advance = tmp_path / "fit.pt", loop.State.advance

    def interrupted_within(state, task):
        if state.iteration == 13:
            signal.raise_signal(signal.SIGINT)
        return advance(state, task)

    monkeypatch.setattr(loop.State, "advance", interrupted_within)
    with pytest.raises(KeyboardInterrupt):
        fits(path)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    monkeypatch.setattr(loop.State, "advance", advance)
    # The iteration that was interrupted has been done to its end.
    check_resumed(path, monkeypatch, first=14)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_of_a_fit_without_a_checkpoint_is_raised_at_once(monkeypatch):
    done = []

    def interrupted(state, task):
        signal.raise_signal(signal.SIGINT)
        done.append(state.iteration)

    monkeypatch.setattr(loop.State, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fits()
    assert done == []


def test_full_disk_leaves_the_last_checkpoint_and_the_fit_goes_on(tmp_path, monkeypatch, caplog):
    path, save, whole, surviving = tmp_path / "fit.pt", torch.save, [], []

    def save_until_the_disk_is_full(contents, target):
        assert not target.exists()  # what an earlier try left
        if len(whole) < 7:
            save(contents, target)
            whole.append(contents["state"]["iteration"])
            return
        surviving.append(torch.load(path, weights_only=True)["state"]["iteration"])
        target.write_bytes(b"the first half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1)
    monkeypatch.setattr(torch, "save", save_until_the_disk_is_full)
    undisturbed = fits()
    disturbed = fits(path)
    assert whole == [1, 2, 3, 4, 5, 6, 7]
    assert set(surviving) == {7}
    assert len(surviving) == 34  # after each iteration, and at the end
    assert "no checkpoint, the fit goes on" in caplog.text
    assert "No space left on device" in caplog.text
    np.testing.assert_array_equal(disturbed[0].loss, undisturbed[0].loss)
    assert not list(tmp_path.iterdir())
