"""The task of a compressed recurrent network, by hand: formats against sums over indices, counts, refusals."""

from dataclasses import replace
from math import prod

import numpy as np
import pytest
import torch
from scipy.io import savemat

from benchmark.algorithms.factored_matrices import applied, weight_of
from benchmark.algorithms.posthoc import matrices_of
from benchmark.algorithms.retraining import retrained, standing
from benchmark.contract import Skipped
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

POSTHOC, SEQUENCE = (load_module(ROOT / "tasks" / f"{name}.py") for name in ("posthoc", "sequence"))
ROWS, COLUMNS, RANK = (2, 3, 6), (2, 2, 3), 4
# How the arrays of a format make the matrix, rows before columns.
SUMS = {
    "matrix": ("im->im", ["matrix"]),
    "product": ("ir,rm->im", ["left", "right"]),
    "tt": ("amib,bnjc,cokd->ijkmno", ["cores.0", "cores.1", "cores.2"]),
    "cp": ("ir,jr,kr,mr,nr,or->ijkmno", [f"{side}.{k}" for side in ("rows", "columns") for k in range(3)]),
    "tucker": (
        "abcdef,ia,jb,kc,md,ne,of->ijkmno",
        ["core", *(f"{side}.{k}" for side in ("rows", "columns") for k in range(3))],
    ),
}
METHODS = {name: load_module(ROOT / "baselines" / f"posthoc_{name}.py") for name in ("svd", "tt", "cp", "tucker")}


def arrays_of(name):
    """Return the arrays of a random 36 x 12 matrix in a format."""
    rng = np.random.default_rng(0)
    shapes = {
        "matrix": {"matrix": (36, 12)},
        "product": {"left": (36, RANK), "right": (RANK, 12)},
        "tt": {"cores.0": (1, 2, 2, 3), "cores.1": (3, 2, 3, RANK), "cores.2": (RANK, 3, 6, 1)},
        "cp": {f"rows.{k}": (size, RANK) for k, size in enumerate(ROWS)}
        | {f"columns.{k}": (size, RANK) for k, size in enumerate(COLUMNS)},
        "tucker": {"core": (2, 3, 4, 1, 2, 3)}
        | {f"rows.{k}": (size, rank) for k, (size, rank) in enumerate(zip(ROWS, (2, 3, 4), strict=True))}
        | {f"columns.{k}": (size, rank) for k, (size, rank) in enumerate(zip(COLUMNS, (1, 2, 3), strict=True))},
    }[name]
    return {key: rng.standard_normal(shape) for key, shape in shapes.items()}


@pytest.mark.parametrize("name", SUMS)
def test_factors_make_the_matrix_of_their_format_and_apply_it(name):
    arrays = arrays_of(name)
    sums, keys = SUMS[name]
    other = np.einsum(sums, *(arrays[key] for key in keys)).reshape(36, 12)
    parts = {key: torch.from_numpy(own) for key, own in arrays.items()}
    np.testing.assert_allclose(weight_of(parts), other, rtol=1e-10)
    vectors = torch.randn(5, 12, dtype=torch.float64)
    np.testing.assert_allclose(applied(parts)(vectors), vectors.numpy() @ other.T, atol=1e-10)
    whole = SEQUENCE.composed({f"own.{key}": own for key, own in arrays.items()}, "own")
    np.testing.assert_allclose(whole, other, atol=1e-5)  # in single precision


def test_factors_that_do_not_fit_each_other_are_refused_by_name():
    with pytest.raises(ValueError, match=r"the arrays left, right make no matrix"):
        weight_of({"left": torch.ones(4, 2), "right": torch.ones(3, 4)})


@pytest.mark.parametrize(
    "names",
    [
        ["left"],
        ["cores.1"],
        ["matrix", "left", "right"],
        ["rows.0", "columns.1"],
        ["cores"],
        ["matrix.0"],
        ["left.0", "right"],
        ["rows", "rows.0", "columns.0"],
        ["matrix", "matrix.x"],
    ],
)
def test_arrays_of_no_format_are_refused(names):
    with pytest.raises(ValueError, match=r"no format has the arrays|there is no array"):
        weight_of({name: torch.ones(2, 2) for name in names})


@pytest.mark.parametrize(
    ("name", "axes"), [("matrix", 2), ("left", 2), ("cores.1", 4), ("rows.0", 2), ("columns.2", 2), ("core", 6)]
)
def test_arrays_of_other_axes_than_those_of_their_format_are_refused_by_name(name, axes):
    arrays = next(own for own in map(arrays_of, ("matrix", "product", "tt", "cp", "tucker")) if name in own)
    flat = {key: torch.from_numpy(own.ravel() if key == name else own) for key, own in arrays.items()}
    with pytest.raises(ValueError, match=f"the array `{name}` has the shape .*: give it {axes} axes"):
        weight_of(flat)


def item_of(budget=None, **extras):
    own = POSTHOC.tiny()["low"].item
    return replace(own, budget=budget or own.budget, extras={**own.extras, **extras})


def posed_of(item):
    posed = POSTHOC.pose(item, Observation(), np.random.default_rng(0))
    return problem_of(posed.given, Observation(), budget=item.budget), posed.withheld


@pytest.fixture(scope="module")
def posed():
    return posed_of(item_of(budget=2000))


@pytest.mark.parametrize("name", METHODS)
def test_an_answer_of_full_rank_is_the_network_itself(posed, name):
    problem, truth = posed
    answer = METHODS[name].solve(problem, seed=0, device="cpu").parts
    values = POSTHOC.values_of(problem, truth, answer)
    if name == "cp":  # alternation only comes near
        assert values["weight_error"] < 0.1
        return
    assert values["weight_error"] < 1e-6
    assert abs(values["nll_increase"]) < 1e-5
    assert abs(values["nll_increase_tuned"]) < 0.05  # factors are tuned otherwise than what they make


def test_the_judge_s_loss_and_accuracy_are_those_of_the_referee_of_sequences(posed):
    problem, truth = posed
    answer = METHODS["tt"].solve(replace(problem, budget=150), seed=0, device="cpu").parts
    values = POSTHOC.values_of(problem, truth, answer)
    owner = np.repeat(truth["sequence_split"], truth["sequence_lengths"])
    frames, lengths = truth["sequence_frames"][owner == 2], truth["sequence_lengths"][truth["sequence_split"] == 2]
    whole = {name: own.astype(np.float32) for name, own in (answer | POSTHOC.network_of(truth)).items()}
    other = SEQUENCE.values_of(frames, lengths, whole)
    assert values["weight_error"] > 0.01
    assert values["nll"] == pytest.approx(other["nll"], rel=1e-5)
    assert values["accuracy"] == pytest.approx(other["accuracy"])
    assert values["count"] == other["count"]
    before = {f"{name}.matrix": own.values for name, own in zip(POSTHOC.NAMES, matrices_of(problem), strict=True)}
    before = SEQUENCE.values_of(frames, lengths, before | POSTHOC.network_of(truth))
    assert values["nll_increase"] == pytest.approx(other["nll"] - before["nll"], abs=1e-5)
    assert abs(values["nll_increase"]) > 1e-3
    assert values["nll_tuned"] - values["nll_increase_tuned"] == pytest.approx(truth["losses"][1])


def test_zero_matrices_have_the_loss_of_the_last_bias_alone(posed):
    problem, truth = posed
    marginal = np.array([0.3, -0.2, 1.0, -1.5], np.float32)
    truth = truth | {"network.after.bias": marginal, "network.bias_ih": 0 * truth["network.bias_ih"]}
    truth["network.bias_hh"] = 0 * truth["network.bias_hh"]
    zero = {
        f"{name}.matrix": np.zeros_like(own.values)
        for name, own in zip(POSTHOC.NAMES, matrices_of(problem), strict=True)
    }
    owner = np.repeat(truth["sequence_split"], truth["sequence_lengths"])
    following = SEQUENCE.targets(truth["sequence_frames"][owner == 2], truth["sequence_lengths"][-1:])
    by_table = SEQUENCE.nll(following, np.broadcast_to(marginal, following.shape))
    values = POSTHOC.values_of(problem, truth, zero)
    assert values["nll"] == pytest.approx(by_table, rel=1e-6)
    assert values["weight_error"] == pytest.approx(1)


def test_the_judge_counts_what_is_stored_and_refuses_more_than_the_budget(posed):
    problem, truth = posed
    answer = METHODS["svd"].solve(replace(problem, budget=3 * (24 + 4 + 24 + 8)), seed=0, device="cpu").parts
    assert [own.shape for own in answer.values()] == [(24, 3), (3, 4), (24, 3), (3, 8)]
    assert POSTHOC.values_of(problem, truth, answer)["count"] == 180 + 24
    with pytest.raises(ValueError, match="stores 180 numbers, and the budget is 179"):
        POSTHOC.values_of(replace(problem, budget=179), truth, answer)


def test_other_matrices_and_other_arrays_are_refused(posed):
    problem, truth = posed
    answer = METHODS["svd"].solve(problem, seed=0, device="cpu").parts
    with pytest.raises(ValueError, match=r"`input` make a matrix \(24, 3\), where \(24, 4\) is asked for"):
        POSTHOC.values_of(problem, truth, answer | {"input.right": answer["input.right"][:, :3]})
    with pytest.raises(ValueError, match=r"has the array `after.bias`: give those of input and state alone"):
        POSTHOC.values_of(problem, truth, answer | {"after.bias": np.zeros(4)})
    with pytest.raises(ValueError, match=r"has the array `input`: give those of input and state alone"):
        POSTHOC.values_of(problem, truth, answer | {"input": np.zeros(4)})
    with pytest.raises(ValueError, match=r"one array of shape \(24, 4\), where parts by name are asked for"):
        POSTHOC.values_of(problem, truth, np.zeros((24, 4)))
    with pytest.raises(ValueError, match="no arrays of `state`"):
        POSTHOC.values_of(problem, truth, {name: own for name, own in answer.items() if name.startswith("input")})


@pytest.mark.parametrize(
    ("extras", "message"),
    [
        ({"lengths": np.array([1, 10, 4, 5])}, "sequence 0 has 1 frame, of which none"),
        ({"lengths": np.array([5, 6, 4, 6])}, "give the length and the part of each sequence"),
        ({"split": np.array([0, 0, 0, 2])}, "no validation sequences"),
        ({"frames": np.zeros(20)}, r"frames of shape \(20,\) for a network of 4 notes: give T x 4"),
        ({"frames": np.zeros((20, 5))}, r"frames of shape \(20, 5\) for a network of 4 notes: give T x 4"),
        ({"frames": np.full((20, 4), np.nan)}, r"the network itself has the losses \[nan, nan\]"),
        ({"scale": np.inf}, r"the network itself has the losses \[nan, nan\]"),
        (
            {"rows": np.array([2, 11])},
            r"modes \(2, 11\) of rows, \(2, 2\) and \(2, 4\) of columns make matrices of 264",
        ),
    ],
)
def test_what_cannot_be_posed_is_refused(extras, message):
    with pytest.raises(ValueError, match=message):
        posed_of(item_of(**extras))


def test_no_budget_is_refused_and_one_below_the_smallest_factors_is_skipped(posed):
    with pytest.raises(ValueError, match="the budget of numbers to store is None: tell 1 or more"):
        POSTHOC.pose(replace(item_of(), budget=None), Observation(), np.random.default_rng(0))
    for method in METHODS.values():
        with pytest.raises(Skipped, match="the least that it stores are"):
            method.solve(replace(posed[0], budget=10), seed=0, device="cpu")


def test_nothing_of_the_network_but_two_matrices_is_given(posed):
    problem, truth = posed
    assert set(problem.granted) == {"scale", "rows", "inputs", "outputs"}
    assert {"network.after.weight", "sequence_frames"} <= set(truth)


@pytest.mark.parametrize("name", METHODS)
def test_no_answer_stores_more_than_its_budget_and_little_less(posed, name):
    for budget in (90, 130, 200):
        answer = METHODS[name].solve(replace(posed[0], budget=budget), seed=0, device="cpu").parts
        assert budget / 2 < sum(own.size for own in answer.values()) <= budget


def test_the_train_s_count_is_the_paper_s():
    own = METHODS["tt"].Matrix(np.zeros((1536, 512)), (8, 4, 4, 12), (8, 4, 4, 4))
    other = METHODS["tt"].Matrix(np.zeros((1536, 256)), (8, 4, 4, 12), (4, 4, 4, 4))
    counts = {rank: METHODS["tt"].numbers(own, rank) + METHODS["tt"].numbers(other, rank) + 1536 for rank in (3, 11)}
    assert counts == {3: 2688, 11: 11392}
    full = 10**6  # ranks 64, 768 and 48, and 32, 512 and 48
    assert METHODS["tt"].ranks_of(own, full) == [1, 64, 768, 48, 1]
    assert METHODS["tt"].numbers(own, full) + METHODS["tt"].numbers(other, full) + 1536 == 2_042_880


def test_fine_tuning_never_leaves_a_worse_validation_loss_and_lowers_it_where_it_can(posed):
    _, truth = posed
    from benchmark.algorithms.gated_recurrent import mean_loss, split

    sequences = split(truth["sequence_frames"], truth["sequence_lengths"], "cpu")
    rng = np.random.default_rng(0)
    parts = {
        name: {"left": torch.from_numpy(rng.standard_normal((24, 1)).astype(np.float32)), "right": torch.ones(1, size)}
        for name, size in (("input", 4), ("state", 8))
    }
    losses = {}
    for rate in (1e-2, 10.0):
        network = standing(parts, POSTHOC.network_of(truth))
        before = mean_loss(network, sequences[2:3], 1)
        retrained(network, sequences[:2], sequences[2:3], 5, rate, 1)
        losses[rate] = mean_loss(network, sequences[2:3], 1)
        assert losses[rate] <= before
    assert losses[1e-2] < 0.95 * before


def test_tucker_ranks_follow_the_singular_values():
    tensor = np.zeros((3, 3, 3))
    tensor[0, 0, 0], tensor[0, 1, 1], tensor[2, 2, 0] = 5, 4, 1
    ranks = METHODS["tucker"].ranks_of(tensor, 3 + 6 + 6 + 4)
    assert ranks == [1, 2, 2]  # the first mode's second singular value is the smallest
    assert METHODS["tucker"].numbers(tensor, ranks) == prod(ranks) + 15


def test_the_trained_network_s_chorales_are_those_of_the_music(tmp_path):
    rng, parts = np.random.default_rng(0), {}
    for part, lengths in {"traindata": (5, 3), "validdata": (4,), "testdata": (6, 2)}.items():
        parts[part] = np.empty((1, len(lengths)), object)
        for place, length in enumerate(lengths):
            parts[part][0, place] = (rng.random((length, 88)) < 0.1).astype(np.uint8)
    savemat(tmp_path / "JSB_Chorales.mat", parts)
    music, network = (load_module(ROOT / "datasets" / f"{name}.py") for name in ("polyphonic_music", "music_gru"))
    [rolls], [own] = music.load(tmp_path), network.load(tmp_path, reduction=16, epochs=1)
    np.testing.assert_array_equal(own.extras["frames"], rolls.signal)
    for name in ("lengths", "split"):
        np.testing.assert_array_equal(own.extras[name], rolls.extras[name])
    assert own.signal.dtype == np.float32
    assert own.budget == own.signal.size // 16 == 1536 * 768 // 16
