"""A fit that is interrupted goes on from its checkpoint as if nothing had happened."""

import numpy as np
import pytest

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
    return factorise_many(Y, MODEL, **{"iterations": 40, "checkpoint": checkpoint, **settings})


@pytest.fixture
def interrupted(monkeypatch, tmp_path):
    """Return a function that fits until the 25th iteration, with a checkpoint after the 20th, and the file's path."""

    def run(**settings):
        path, advance = tmp_path / "fit.pt", loop.State.advance

        def advance_until_25(state, task):
            if state.iteration == 24:
                raise KeyboardInterrupt
            # A checkpoint is due after an iteration once its time is over.
            monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", -1 if state.iteration == 19 else 1e9)
            return advance(state, task)

        monkeypatch.setattr(loop.State, "advance", advance_until_25)
        with pytest.raises(KeyboardInterrupt):
            fits(path, **settings)
        monkeypatch.setattr(loop.State, "advance", advance)
        return path

    return run


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_resumed_fit_is_the_uninterrupted_one_bit_for_bit(rule, interrupted, monkeypatch):
    path = interrupted(stopping=rule)
    assert path.exists()
    counts, advance = [], loop.State.advance
    monkeypatch.setattr(
        loop.State, "advance", lambda state, task: (counts.append(state.iteration), advance(state, task))[1]
    )
    for resumed, whole in zip(fits(path, stopping=rule), fits(stopping=rule), strict=True):
        assert counts[0] == 20
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
    assert not path.exists()


def test_checkpoint_of_another_fit_is_refused_and_kept(interrupted):
    path = interrupted()
    with pytest.raises(ValueError, match="the checkpoint of another fit: remove it"):
        fits(path, loss="l1")
    assert path.exists()


def test_file_that_is_no_checkpoint_is_refused_and_kept(tmp_path):
    path = tmp_path / "thesis.pt"
    path.write_text("the only copy")
    with pytest.raises(ValueError, match="is no checkpoint: remove it"):
        fits(path)
    assert path.read_text() == "the only copy"
