"""Recurrent networks: the paper's counts, formats against loops and the referee, and what training starts from."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.algorithms.gated_recurrent import (
    Dense,
    KhatriRao,
    Network,
    Product,
    Recipe,
    TensorTrain,
    Tucker,
    gates,
    mean_loss,
    split,
    summed_loss,
    train,
)
from benchmark.algorithms.notes import transitions
from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

SEQUENCE = load_module(ROOT / "tasks" / "sequence.py")
INPUTS, OUTPUTS = (4, 4, 4, 4), (8, 4, 4, 4)
ROWS, COLUMNS = (2, 3, 6), (2, 2, 3)
FORMATS = {
    "dense": lambda rows, columns: Dense(math.prod(rows), math.prod(columns), 12),
    "product": lambda rows, columns: Product(math.prod(rows), math.prod(columns), 2),
    "cp": lambda rows, columns: KhatriRao(rows, columns, 4),
    "tucker": lambda rows, columns: Tucker(rows, columns, (2, 2, 1)),
    "tt": lambda rows, columns: TensorTrain(rows, columns, 3),
}
# Table 1 of arXiv:1802.10410.
COUNTS = [
    *((KhatriRao, rank, count) for rank, count in {10: 2456, 30: 4296, 50: 6136, 80: 8896, 110: 11656}.items()),
    (Tucker, (2, 2, 2, 2), 2232),
    (Tucker, (2, 3, 2, 3), 4360),
    (Tucker, (2, 3, 2, 4), 6408),
    (Tucker, (2, 4, 2, 4), 10008),
    (Tucker, (2, 3, 3, 4), 12184),
    *((TensorTrain, rank, count) for rank, count in {3: 2688, 5: 4096, 7: 6016, 9: 8448, 11: 11392}.items()),
]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def network(name="dense", notes=5):
    """Return a network with an input of 12 and a state of 12."""
    return Network(notes, *(FORMATS[name](ROWS, COLUMNS) for _ in range(2)), 0.0)


def answer_of(name):
    return {"own." + key: own.detach().numpy() for key, own in FORMATS[name](ROWS, COLUMNS).state_dict().items()}


@pytest.mark.parametrize(("made", "rank", "count"), COUNTS)
def test_a_format_has_as_many_numbers_as_the_paper_prints(made, rank, count):
    own = Network(88, made(gates(OUTPUTS), INPUTS, rank), made(gates(OUTPUTS), OUTPUTS, rank), 0.0)
    assert SEQUENCE.cell_count(own.parts()) == count


def test_the_dense_unit_has_the_printed_count_and_the_whole_network_22784_and_45144_more():
    parts = Network(88, Dense(1536, 256, 512), Dense(1536, 512, 512), 0.0).parts()
    assert SEQUENCE.cell_count(parts) == 1_181_184
    assert sum(own.size for own in parts.values()) == 1_181_184 + 1536 + 22_784 + 45_144


def test_what_is_returned_is_the_epoch_of_lowest_validation_loss():
    frames = np.random.default_rng(0).random((160, 4)) < 0.5
    granted = {
        "lengths": np.array([20, 20]),
        "validation": frames[40:].astype(float),
        "validation_lengths": np.array([60, 60]),
    }
    problem = Problem(frames[:40].astype(float), granted=granted)
    recipe = Recipe(learning_rate=0.03, dropout=0.0, epochs=40, batch=1, start="plain")
    estimate = train(problem, lambda: tuple(FORMATS["dense"](ROWS, COLUMNS) for _ in range(2)), recipe, 0, "cpu")
    losses = [snapshot.loss for snapshot in estimate.trace]
    best = int(np.argmin(losses))
    assert 0 < best < 39  # two short sequences of noise are learnt by heart
    assert losses[-1] > losses[best] + 0.1
    assert estimate.iterations == best + 1
    for name, own in estimate.trace[best].last.items():
        np.testing.assert_array_equal(estimate.parts[name], own)
    found = SEQUENCE.values_of(granted["validation"], granted["validation_lengths"], estimate.parts)
    assert losses[best] == pytest.approx(found["nll"], rel=1e-5)


@pytest.mark.parametrize("name", FORMATS)
def test_the_referee_composes_the_matrix_that_was_trained(name):
    own = FORMATS[name](ROWS, COLUMNS)
    arrays = {"own." + key: value.detach().numpy() for key, value in own.state_dict().items()}
    weight = own.weight().detach().numpy()
    assert weight.shape == (36, 12)
    np.testing.assert_allclose(SEQUENCE.composed(arrays, "own"), weight, atol=1e-6 * np.abs(weight).max())


def entries(arrays):
    """Return the 36 x 12 matrix entry by entry, out of the definition of each format."""
    kept = {key.removeprefix("own."): own for key, own in arrays.items()}
    W = np.zeros((36, 12))
    for row, column in np.ndindex(W.shape):
        n, m = np.unravel_index(row, ROWS), np.unravel_index(column, COLUMNS)
        if "cores.0" in kept:
            product = np.eye(1)
            for k in range(3):
                product = product @ kept[f"cores.{k}"][:, m[k], n[k]]
            W[row, column] = product.item()
        else:
            left, right = ([kept[f"{side}.{k}"][i[k]] for k in range(3)] for side, i in (("rows", n), ("columns", m)))
            core = kept.get("core")
            if core is None:
                W[row, column] = np.sum(np.prod([*left, *right], axis=0))
            else:
                W[row, column] = np.einsum("abcdef,a,b,c,d,e,f->", core, *left, *right)
    return W


@pytest.mark.parametrize("name", ["cp", "tucker", "tt"])
def test_composed_matrices_are_those_of_explicit_loops(name):
    arrays = answer_of(name)
    np.testing.assert_allclose(SEQUENCE.composed(arrays, "own"), entries(arrays), atol=1e-6)


def test_a_cp_matrix_has_at_most_its_rank_and_a_tucker_matrix_the_product_of_its_ranks():
    ranks = {name: np.linalg.matrix_rank(SEQUENCE.composed(answer_of(name), "own")) for name in ("cp", "tucker", "tt")}
    assert ranks["cp"] == 4
    assert ranks["tucker"] == 4
    assert ranks["tt"] == 12  # a train of rank 3 bounds no matrix rank


def test_a_train_of_rank_one_is_a_kronecker_product_of_full_matrix_rank():
    own = TensorTrain((2, 3), (2, 3), 1)
    first, second = (core.detach()[0, :, :, 0].T for core in own.cores)
    torch.testing.assert_close(own.weight().detach(), torch.kron(first.contiguous(), second.contiguous()))
    assert torch.linalg.matrix_rank(own.weight()) == 6


@pytest.mark.parametrize("name", ["product", "cp", "tucker", "tt"])
def test_entries_start_with_the_published_spread(name):
    values = torch.stack([FORMATS[name](ROWS, COLUMNS).weight().detach() for _ in range(1000)])
    # sums of products of Gaussians have heavy tails
    assert float(values.std()) == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize(("made", "rank"), [(KhatriRao, 2), (Tucker, (1, 2)), (TensorTrain, 2)])
def test_gradients_through_the_composition_are_those_of_differences(made, rank):
    own = made((2, 3), (2, 2), rank)
    own.forward = own.weight
    names, values = zip(*own.named_parameters(), strict=True)
    values = tuple((4 * value.detach()).double().requires_grad_() for value in values)

    def composed(*new):
        return torch.func.functional_call(own, dict(zip(names, new, strict=True)), ())

    assert torch.autograd.gradcheck(composed, values)


def train_of_full_rank(W, rows, columns):
    """Return tensor-train cores of a matrix by successive singular value decompositions, of full ranks."""
    d = len(rows)
    tensor = W.reshape(*rows, *columns).transpose([axis for k in range(d) for axis in (d + k, k)])
    cores, rest, rank = [], tensor.reshape(1, -1), 1
    for n, m in zip(rows[:-1], columns[:-1], strict=True):
        left, values, right = np.linalg.svd(rest.reshape(rank * m * n, -1), full_matrices=False)
        cores.append(left.reshape(rank, m, n, -1))
        rest, rank = values[:, None] * right, len(values)
    return [*cores, rest.reshape(rank, columns[-1], rows[-1], 1)]


def test_a_network_of_full_rank_trains_is_the_dense_one(rolls):
    frames, lengths = rolls
    dense = network().parts()
    trains = {name: own for name, own in dense.items() if not name.endswith(".matrix")}
    for name in ("input", "state"):
        cores = train_of_full_rank(dense[f"{name}.matrix"].astype(float), ROWS, COLUMNS)
        trains |= {f"{name}.cores.{k}": core for k, core in enumerate(cores)}
    odds = SEQUENCE.log_odds(dense, frames, lengths)
    assert odds.std() > 0.01
    np.testing.assert_allclose(SEQUENCE.log_odds(trains, frames, lengths), odds, atol=1e-5)
    assert SEQUENCE.cell_count(trains) > SEQUENCE.cell_count(dense)


@pytest.fixture
def rolls():
    rng = np.random.default_rng(1)
    lengths = np.array([7, 2, 11, 5])
    return (rng.random((lengths.sum(), 5)) < 0.4).astype(np.float32), lengths


@pytest.mark.parametrize("name", FORMATS)
def test_the_referee_s_unit_is_pytorch_s_and_padding_changes_no_loss(name, rolls):
    frames, lengths = rolls
    own = network(name)
    with torch.no_grad():
        own.bias_ih.normal_(), own.bias_hh.normal_(), own.after.weight.mul_(5)
    sequences = split(frames, lengths, "cpu")
    following = SEQUENCE.targets(frames, lengths)
    loss = SEQUENCE.nll(following, SEQUENCE.log_odds(own.parts(), frames, lengths))
    assert loss == pytest.approx(mean_loss(own, sequences, 4), rel=1e-5)
    with torch.no_grad():
        alone = [summed_loss(own, [sequence]) for sequence in sequences]
    assert loss == pytest.approx(sum(float(total) for total, _ in alone) / sum(n for _, n in alone), rel=1e-5)


def test_zero_weights_have_the_loss_of_the_marginals(rolls):
    frames, lengths = rolls
    marginal = np.log(frames.mean(axis=0) / (1 - frames.mean(axis=0)))
    zero = {name: np.zeros_like(own) for name, own in network().parts().items()} | {"after.bias": marginal}
    following = SEQUENCE.targets(frames, lengths)
    by_table = SEQUENCE.nll(following, SEQUENCE.log_odds({"table.bias": marginal}, frames, lengths))
    assert SEQUENCE.nll(following, SEQUENCE.log_odds(zero, frames, lengths)) == pytest.approx(by_table, rel=1e-6)
    assert by_table > 1


def problem_of_tiny(**changes):
    tiny = SEQUENCE.tiny()["chords"]
    posed = SEQUENCE.pose(replace(tiny.item, **changes), Observation(), np.random.default_rng(0))
    return problem_of(posed.given, Observation()), posed


def test_the_table_of_own_states_has_the_counted_frequencies():
    problem, _ = problem_of_tiny()
    parts = (
        load_module(ROOT / "baselines" / "last_frame.py").solve(problem, seed=0, device="cpu", regressors="own").parts
    )
    before, after = transitions(problem.observed, problem.granted["lengths"])
    off, on = (after[before[:, 0] == state, 0] for state in (0, 1))
    assert parts["table.bias"][0] == pytest.approx(np.log((off.sum() + 0.5) / (len(off) - off.sum() + 0.5)))
    both = parts["table.bias"][0] + parts["table.weight"][0]
    assert both == pytest.approx(np.log((on.sum() + 0.5) / (len(on) - on.sum() + 0.5)))


def test_logistic_regression_is_scikit_learn_s():
    from sklearn.linear_model import LogisticRegression

    problem, _ = problem_of_tiny()
    parts = load_module(ROOT / "baselines" / "last_frame.py").solve(problem, seed=0, device="cpu").parts
    before, after = transitions(problem.observed, problem.granted["lengths"])
    other = LogisticRegression(tol=1e-8).fit(before, after[:, 2])
    np.testing.assert_allclose(parts["table.weight"][2], other.coef_[0], atol=1e-3)
    assert parts["table.bias"][2] == pytest.approx(other.intercept_[0], abs=1e-3)


@pytest.mark.parametrize(
    ("stem", "params", "message"),
    [
        ("tt_gru", {"inputs": [4, 4], "outputs": [8, 4, 4]}, "as many of the input as of the output"),
        (
            "tucker_gru",
            {"inputs": [2, 2], "outputs": [4, 2], "ranks": [3, 2]},
            r"ranks \[3, 2\]: give one for each mode",
        ),
    ],
)
def test_modes_and_ranks_that_do_not_fit_are_refused(stem, params, message):
    problem, _ = problem_of_tiny()
    with pytest.raises(ValueError, match=message):
        load_module(ROOT / "baselines" / f"{stem}.py").solve(problem, seed=0, device="cpu", **params)
