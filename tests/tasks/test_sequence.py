"""The task of the next frame, by hand: its measures, what it withholds and refuses; and its data sets."""

import os
import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.io import savemat

from benchmark.loaders.chords import chord_chain, chord_sequences
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

SEQUENCE = load_module(ROOT / "tasks" / "sequence.py")
MUSIC = load_module(ROOT / "datasets" / "polyphonic_music.py")
FRAMES = np.array([[1, 0, 0], [0, 1, 1], [1, 1, 0], [0, 0, 1], [1, 0, 1]], np.float32)
LENGTHS = np.array([3, 2])


def test_even_odds_cost_log_two_a_note_and_a_frame_is_88_of_them():
    following = (np.random.default_rng(0).random((10, 88)) < 0.3).astype(float)
    assert SEQUENCE.nll(following, np.zeros((10, 88))) == pytest.approx(60.997, abs=1e-3)


def test_accuracy_counts_no_silence():
    following = SEQUENCE.targets(FRAMES, LENGTHS)
    np.testing.assert_array_equal(following, FRAMES[[1, 2, 4]])
    truth = 2 * following - 1
    assert SEQUENCE.frame_accuracy(following, truth) == 100
    assert SEQUENCE.frame_accuracy(following, -np.ones_like(truth)) == 0
    # Of 3, 3 and 2 notes that are on in either frame, none, one and one are in both.
    repeated = 2 * FRAMES[[0, 1, 3]] - 1
    assert SEQUENCE.frame_accuracy(following, repeated) == pytest.approx(100 * 2 / 8)


def test_a_table_adds_its_weights_for_each_sounding_note():
    weight, bias = np.arange(9.0).reshape(3, 3), np.array([0.5, 0, -1])
    odds = SEQUENCE.log_odds({"table.weight": weight, "table.bias": bias}, FRAMES, LENGTHS)
    np.testing.assert_allclose(odds, [[0.5, 3, 5], [3.5, 9, 14], [2.5, 5, 7]])


def test_the_loss_pools_frames_and_not_sequences():
    tiny = {"table.bias": np.array([2.0, -1, 0])}
    own = SEQUENCE.nll(SEQUENCE.targets(FRAMES, LENGTHS), SEQUENCE.log_odds(tiny, FRAMES, LENGTHS))
    p = 1 / (1 + np.exp(-tiny["table.bias"]))
    of_frames = [-np.sum(np.log(np.where(frame > 0, p, 1 - p))) for frame in FRAMES[[1, 2, 4]]]
    assert own == pytest.approx(np.mean(of_frames))


def posed(**extras):
    item = SEQUENCE.tiny()["chords"].item
    return SEQUENCE.pose(replace(item, extras={**item.extras, **extras}), Observation(), np.random.default_rng(0))


def test_no_test_frame_is_given():
    item, own = SEQUENCE.tiny()["chords"].item, posed()
    lengths, split = item.extras["lengths"], item.extras["split"]
    assert len(own.given["observed"]) == lengths[split == 0].sum()
    assert len(own.withheld["signal"]) == lengths[split == 2].sum()
    np.testing.assert_array_equal(
        np.concatenate([own.given["observed"], own.given["validation"], own.withheld["signal"]]), item.signal
    )
    assert not {"states", "following", "test_lengths"} & set(own.given)


@pytest.mark.parametrize(
    ("extras", "message"),
    [
        ({"lengths": np.array([1, 17, *[9] * 10, *[8] * 4, *[12] * 6])}, "sequence 0 has 1 frame, of which none"),
        ({"lengths": np.array([9] * 22)}, "give the length and the part of each sequence"),
        ({"split": np.repeat([0, 2], [16, 6])}, "no validation sequences"),
        (
            {"split": np.repeat([0, 1, 2, 5], [12, 4, 5, 1])},
            "`split` has the mark 5: give 0, 1 or 2, for training, val",
        ),
        ({"lengths": np.full(22, 9.5)}, r"`lengths` of shape \(22,\) is float64: give a whole number a sequence"),
        ({"split": np.zeros((2, 11), int)}, r"`split` of shape \(2, 11\) is int64: give a whole number a sequence"),
    ],
)
def test_sequences_that_cannot_be_posed_are_refused(extras, message):
    with pytest.raises(ValueError, match=message):
        posed(**extras)


def test_an_answer_without_an_array_says_which():
    measures = SEQUENCE.measures(problem_of(posed().given, Observation()), posed().withheld)
    with pytest.raises(ValueError, match=r"one array of shape \(3, 8\), where parts by name are asked for"):
        measures["nll"](np.zeros((3, 8)))
    with pytest.raises(ValueError, match=r"no array 'before\.weight'"):
        measures["nll"]({"bias_ih": np.zeros(6)})


def network(hidden):
    """Return a network of two hidden units whose state's matrix is for `hidden` ones."""
    rng = np.random.default_rng(0)
    shapes = {"before.weight": (4, 8), "before.bias": (4,), "input.matrix": (6, 4), "state.matrix": (6, hidden)}
    shapes |= {"bias_ih": (6,), "bias_hh": (6,), "after.weight": (8, 2), "after.bias": (8,)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def test_an_answer_whose_matrices_do_not_fit_is_refused():
    measures = SEQUENCE.measures(problem_of(posed().given, Observation()), posed().withheld)
    with pytest.raises(ValueError, match=r"\(6, 3\), where \(6, 4\) and \(6, 2\) were asked for"):
        measures["nll"](network(3))


def test_an_array_of_no_format_is_refused_and_not_counted():
    measures = SEQUENCE.measures(problem_of(posed().given, Observation()), posed().withheld)
    assert measures["count"](network(2)) == 6 * 4 + 6 * 2 + 6
    with pytest.raises(ValueError, match="no format has the arrays junk, matrix"):
        measures["count"](network(2) | {"input.junk": np.zeros(3)})


def test_an_answer_of_two_forms_is_none_whose_numbers_are_counted():
    measures = SEQUENCE.measures(problem_of(posed().given, Observation()), posed().withheld)
    table = {"table.weight": np.zeros((8, 8)), "table.bias": np.zeros(8)}
    assert measures["count"](table) == 72
    for more in ({"bias_ih": np.zeros(1)}, {"chain.states": np.eye(2, 8)}):
        with pytest.raises(ValueError, match=r"the answer is .*table.* in one: give the arrays of one, and not: "):
            measures["count"](table | more)


@pytest.mark.parametrize("p", [-0.1, 1.5])
def test_a_chain_of_no_probabilities_is_refused(p):
    chain = {"chain.states": np.eye(2, 3), "chain.following": np.full((2, 3), p)}
    with pytest.raises(ValueError, match=f"`chain.following` is from {p} to {p}: give probabilities, from 0 to 1"):
        SEQUENCE.log_odds(chain, FRAMES, LENGTHS)


def test_measures_of_one_answer_are_not_those_of_the_next():
    measures = SEQUENCE.measures(problem_of(posed().given, Observation()), posed().withheld)
    values = [measures["nll"]({"table.bias": np.full(8, odds)}) for odds in (0.0, -1.0, 2.0)]
    assert values[0] == pytest.approx(8 * np.log(2))
    assert len(set(values)) == 3


def test_the_chain_s_own_loss_on_a_long_test_is_its_entropy_and_no_table_passes_it():
    rng = np.random.default_rng(2)
    states, transitions = chord_chain(20, 12, 0.2, rng)
    assert len(np.unique(states, axis=0)) == 12
    frames = chord_sequences(states, transitions, 40, 200, rng).reshape(-1, 20)
    lengths = np.full(40, 200)
    values, vectors = np.linalg.eig(transitions.T)
    stationary = np.real(vectors[:, np.argmax(values.real)])
    stationary /= stationary.sum()
    p = np.clip(transitions @ states, 1e-12, 1 - 1e-12)
    entropy = stationary @ np.sum(-p * np.log(p) - (1 - p) * np.log(1 - p), axis=1)
    following = SEQUENCE.targets(frames, lengths)
    chain = {"chain.states": states, "chain.following": transitions @ states}
    own = SEQUENCE.nll(following, SEQUENCE.log_odds(chain, frames, lengths))
    assert own == pytest.approx(entropy, rel=0.03)
    for factor in (0.7, 1.3):  # any other odds lose
        odds = SEQUENCE.log_odds(chain, frames, lengths)
        assert SEQUENCE.nll(following, factor * odds) > own


class Executed:
    """A pickle that makes a folder when it is read."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("data", ["polyphonic_music", "music_gru"])
def test_a_pickle_in_place_of_rolls_is_refused_and_not_executed(data, tmp_path):
    (tmp_path / "JSB_Chorales.mat").write_bytes(pickle.dumps(Executed(tmp_path / "made")))
    with pytest.raises(ValueError, match=r"JSB_Chorales\.mat is no MATLAB file with the cells traindata"):
        load_module(ROOT / "datasets" / f"{data}.py").load(tmp_path)
    assert not (tmp_path / "made").exists()


def cells(*lengths, value=1):
    column = np.empty((1, len(lengths)), object)
    for place, length in enumerate(lengths):
        column[0, place] = np.eye(length, 88, dtype=np.uint8) * np.uint8(value)
    return column


def test_rolls_are_read_with_their_lengths_and_parts(tmp_path):
    parts = {"traindata": cells(5, 3, 4), "validdata": cells(6), "testdata": cells(2, 7)}
    savemat(tmp_path / "JSB_Chorales.mat", parts)
    [item] = MUSIC.load(tmp_path)
    assert item.signal.shape == (27, 88)
    assert item.extras["lengths"].tolist() == [5, 3, 4, 6, 2, 7]
    assert item.extras["split"].tolist() == [0, 0, 0, 1, 2, 2]
    [first] = MUSIC.load(tmp_path, sequences=1)
    assert first.extras["lengths"].tolist() == [5, 6, 2]
    savemat(tmp_path / "JSB_Chorales.mat", parts | {"validdata": cells(6, value=3)})
    with pytest.raises(ValueError, match="frames x 88 of zeros and ones"):
        MUSIC.load(tmp_path)
