"""The task `decompose`: its measures by hand, the noise, who gets what, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from benchmark.contract import Item, Problem
from benchmark.loaders.planted import MODELS, congruent, cosines, plant
from benchmark.loading import load_module
from benchmark.metrics import area_under_curve, component_angle, component_match, correlation
from benchmark.observation import Observation
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "decompose.py")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_match_knows_no_order_no_scale_and_no_sign(rng):
    factors = [rng.standard_normal((6, 3)) for _ in range(3)]
    other = [
        own[:, [2, 0, 1]] * scales for own, scales in zip(factors, ([-2, 1, 3], [1, 1, -1], [0.1, 1, 1]), strict=True)
    ]
    assert component_match(factors, other) == pytest.approx(1)
    assert component_match(factors, [rng.standard_normal((6, 3)) for _ in range(3)]) < 0.7


def test_the_match_by_hand():
    one, other = np.eye(3)[:, :2], np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    # One column is at 45 degrees to the first and to the second; the other is zero.
    assert component_match([one], [other]) == pytest.approx(np.sqrt(0.5) / 2)
    assert component_match([one, one], [other, one]) == pytest.approx(np.sqrt(0.5) / 2)
    assert component_angle(one, other) == pytest.approx((45 + 90) / 2)
    assert component_angle(one, other[:, :1]) == pytest.approx((45 + 90) / 2)


def test_spans_of_more_columns_than_the_true_ones_do_not_match(rng):
    truth = rng.standard_normal((8, 2))
    assert TASK.overlap(truth, truth @ rng.standard_normal((2, 2))) == pytest.approx(1)
    assert TASK.overlap(truth, np.hstack([truth, rng.standard_normal((8, 2))])) == pytest.approx(1 / 2)


def test_more_columns_than_true_ones_can_match_and_fewer_cannot(rng):
    truth = [rng.standard_normal((8, 3)) for _ in range(2)]
    more = [np.hstack([own, rng.standard_normal((8, 2))]) for own in truth]
    assert component_match(truth, more) == pytest.approx(1)
    assert component_match(truth, [own[:, :2] for own in truth]) == pytest.approx(2 / 3)


def test_the_correlation_is_the_least_over_the_columns(rng):
    truth = rng.random((9, 2))
    answer = np.stack([3 - 2 * truth[:, 1], truth[:, 0] + 0.3 * rng.standard_normal(9)], axis=1)
    expected = abs(np.corrcoef(truth[:, 0], answer[:, 1])[0, 1])
    assert correlation(truth, answer) == pytest.approx(expected)
    assert correlation(truth, answer[:, :1]) == 0


def test_the_area_under_the_curve_is_the_share_of_pairs_in_order(rng):
    target, score = rng.random(60) < 0.3, np.round(rng.random(60), 1)
    pairs = np.sign(score[target][:, None] - score[~target])
    assert area_under_curve(target, score) == pytest.approx(np.mean((pairs + 1) / 2))


def test_the_noise_is_a_share_of_the_signal_s_norm(rng):
    clean = rng.standard_normal((5, 6, 7))
    noise = TASK.RelativeGaussian(0.3).sample(clean, rng) - clean
    assert np.linalg.norm(noise) == pytest.approx(0.3 * np.linalg.norm(clean))
    assert abs(noise.mean()) < 0.3 * noise.std()


@pytest.mark.parametrize("model", MODELS)
def test_the_truth_has_no_error_and_is_recovered_and_no_factor_is_given(model):
    item = plant(model, "one", np.random.default_rng(0))
    posed = TASK.pose(item, Observation(TASK.RelativeGaussian(0.1)), np.random.default_rng(1))
    assert not {"A", "B", "C", "terms"} & set(posed.given)
    problem = Problem(posed.given["observed"], granted=posed.given)
    answer = {name: own for name, own in posed.withheld.items() if name != "labels"}
    measures = TASK.measures(problem, posed.withheld)
    values = {name: measure(answer) for name, measure in measures.items()}
    assert values == pytest.approx(
        {"relative_error": 0, "misfit": 0.1 / np.sqrt(1.01), "match": 1, "recovered": 100}, abs=0.01
    )
    assert measures["relative_error"]({"signal": problem.observed}) == pytest.approx(10, rel=1e-4)
    assert measures["match"]({"signal": problem.observed}) == 0


@pytest.mark.parametrize("model", sorted(set(MODELS) - {"parafac2"}))
def test_planted_tensors_have_the_multilinear_ranks_that_are_told(model):
    item = plant(model, "one", np.random.default_rng(2))
    assert np.abs(item.signal).max() == pytest.approx(1)
    unfoldings = [
        np.moveaxis(item.signal, axis, 0).reshape(size, -1).astype(float) for axis, size in enumerate(item.signal.shape)
    ]
    assert [np.linalg.matrix_rank(own, tol=1e-4) for own in unfoldings] == item.extras["multilinear"].tolist()


def test_planted_columns_are_congruent_and_cosines_orthonormal(rng):
    columns = congruent(20, 4, 0.5, rng)
    np.testing.assert_allclose(columns.T @ columns, 0.5 * np.eye(4) + 0.5, atol=1e-12)
    np.testing.assert_allclose(cosines(20, 6).T @ cosines(20, 6), np.eye(6), atol=1e-12)


def test_planted_slices_of_unequal_heights_share_their_cross_product(rng):
    item = plant("parafac2", "one", rng)
    slices = np.split(item.signal[..., 0].astype(float), np.cumsum(item.extras["heights"])[:-1])
    inner = np.linalg.pinv(item.extras["B"])
    shared = []
    for own, weights in zip(slices, item.extras["C"], strict=True):
        factor = (own @ inner.T) / weights
        shared.append(factor.T @ factor)
    np.testing.assert_allclose(shared, np.broadcast_to(shared[0], (8, 3, 3)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("model", ["cp", "btd"])
def test_more_columns_or_terms_than_were_asked_for_and_others_that_cannot_match_are_refused(model, rng):
    item = plant(model, "one", np.random.default_rng(0))
    posed = TASK.pose(item, Observation(), rng)
    problem = Problem(posed.given["observed"], rank=item.rank, granted=posed.given)
    matched = TASK.measures(problem, posed.withheld)["match"]
    name = "terms" if model == "btd" else "B"
    truth = posed.withheld[name]
    answer = {own: values for own, values in posed.withheld.items() if own in TASK.OPTIONAL}

    def with_more(number):
        more = rng.standard_normal((number, *truth.shape[1:])) if model == "btd" else rng.standard_normal((20, number))
        return answer | {name: np.concatenate([truth, more], axis=0 if model == "btd" else 1)}

    most = max(item.rank, len(truth) if model == "btd" else truth.shape[1])
    number = most - truth.shape[0 if model == "btd" else 1]
    if model == "btd":  # as many terms of CP as the rank are an answer
        assert matched(with_more(number)) == pytest.approx(1)
    with pytest.raises(ValueError, match=f"{name} has the shape .* where up to {most} of the size"):
        matched(with_more(number + 1))
    with pytest.raises(ValueError, match=f"{name} has the shape .* where up to {most} of the size"):
        matched(answer | {name: truth[:, :-1] if model == "btd" else truth[:-1]})


def test_columns_of_chance_are_no_match_of_concentrations_or_spectra(rng):
    extras = {"model": np.array("cp"), "concentrations": rng.random((5, 2)), "spectra": rng.random((7, 2))}
    posed = TASK.pose(Item("mixtures", rng.random((5, 6, 7)), rank=3, extras=extras), Observation(), rng)
    measures = TASK.measures(Problem(posed.given["observed"], rank=3, granted=posed.given), posed.withheld)
    for metric, name, size in (("concentrations", "A", 5), ("angle", "C", 7)):
        with pytest.raises(
            ValueError, match=f"{name} has the shape .{size}, 4000., .* up to 3 of the size {size} were"
        ):
            measures[metric]({name: rng.random((size, 4000))})
        assert measures[metric]({name: rng.random((size, 3))}) > 0


def test_tensors_of_zeros_and_relations_without_a_link_left_are_refused(relations, rng):
    item = plant("cp", "one", rng)
    with pytest.raises(ValueError, match="one: all 8000 values are zero, and errors relative to them none"):
        TASK.pose(replace(item, signal=0 * item.signal), Observation(), rng)
    with pytest.raises(ValueError, match="relations: no link is left that is not held out: hold out less"):
        TASK.pose(relations, Observation(), rng, held_out=1)


@pytest.fixture
def relations(rng):
    signal = (rng.random((8, 8, 5)) < 0.3).astype(np.float32)
    extras = {"model": np.array("dedicom"), "ranks": np.array([2]), "links": np.array(True)}
    return Item("relations", signal, rank=2, extras=extras)


def test_held_out_links_are_hidden_and_alone_are_judged(relations, rng):
    posed = TASK.pose(relations, Observation(), rng, held_out=0.2)
    hidden = posed.withheld["hidden"]
    assert hidden.sum() == 64
    np.testing.assert_array_equal(posed.given["mask"], ~hidden)
    assert not posed.given["observed"][hidden].any()
    assert "links" not in {*posed.given, *posed.withheld}
    measures = TASK.measures(Problem(posed.given["observed"], granted=posed.given), posed.withheld)
    right = np.where(hidden, relations.signal, 1 - relations.signal)
    assert measures["average_precision"]({"signal": right}) == 1
    assert measures["misfit"]({"signal": np.where(hidden, 9, relations.signal)}) == 0
    assert measures["area_under_curve"]({"signal": right}) == 1
    assert measures["area_under_curve"]({"signal": -right}) == 0
    with pytest.raises(ValueError, match="relations: the held-out entries are all links, or none is: hold out more"):
        TASK.pose(relations, Observation(), rng, held_out=0)


def test_real_truths_are_judged_by_the_factors_they_belong_to(rng):
    signal = rng.random((5, 6, 7)).astype(np.float32)
    amounts, spectra = rng.random((5, 2)), rng.random((7, 2))
    extras = {"model": np.array("cp"), "concentrations": amounts, "spectra": spectra}
    posed = TASK.pose(Item("mixtures", signal, extras=extras), Observation(), rng)
    assert not {"concentrations", "spectra"} & set(posed.given)
    measures = TASK.measures(Problem(posed.given["observed"], granted=posed.given), posed.withheld)
    answer = {"signal": signal, "A": 2 * amounts + 1, "C": spectra[:, ::-1]}
    assert measures["concentrations"](answer) == pytest.approx(1)
    assert measures["angle"](answer) == pytest.approx(0, abs=1e-4)
    assert measures["concentrations"]({"signal": signal}) == 0
    assert measures["angle"]({"signal": signal}) == 90
