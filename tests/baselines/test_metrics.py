"""Low-rank metrics: their triplets, gradients and steps, and what they learn."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from benchmark.algorithms.triplets import (
    Decomposed,
    constraints,
    draw_triplets,
    gains,
    kernel,
    objective,
    similarities,
)
from benchmark.contract import Item
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

FLRML = load_module(ROOT / "baselines" / "flrml.py")
METRIC = load_module(ROOT / "tasks" / "metric.py")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def digits_of(number):
    data = load_digits()
    return Item("digits", data.images[:number] / 16, rank=9, extras={"labels": data.target[:number]})


@pytest.fixture(scope="module")
def digits():
    return digits_of(600)


def orthonormal(rng, n, r):
    return np.linalg.qr(rng.standard_normal((n, r)))[0]


def accuracy(stem, item, permuted=False, seed=0, **params):
    posed = METRIC.pose(item, Observation(), np.random.default_rng(seed))
    given = dict(posed.given)
    if permuted:
        given["labels"] = np.random.default_rng(1).permutation(given["labels"])
    learner = problem_of_given(given, item.rank)
    answer = load_module(ROOT / "baselines" / f"{stem}.py").solve(learner, seed=0, device="cpu", **params).answer
    judge = problem_of_given(posed.given, item.rank)
    return METRIC.measures(judge, posed.withheld)["accuracy"](answer)


def problem_of_given(given, rank):
    return problem_of(given, Observation(), rank, None)


def test_a_triplet_has_a_sample_one_of_its_class_and_one_of_another(rng):
    labels = np.array([0, 1, 1, 0, 2, 1, 0])
    triplets = draw_triplets(labels, 3, rng)
    anchors, alike, others = triplets.T
    np.testing.assert_array_equal(np.unique(anchors, return_counts=True), [[0, 1, 2, 3, 5, 6], [3] * 6])
    assert (labels[anchors] == labels[alike]).all()
    assert (anchors != alike).all()
    assert (labels[anchors] != labels[others]).all()
    assert draw_triplets(np.zeros(4), 2, rng).shape == (0, 3)


def test_losses_are_those_of_the_triplets_one_by_one(rng):
    triplets, Y = draw_triplets(np.array([0, 0, 0, 1, 1]), 4, rng), rng.standard_normal((2, 5))
    wanted = np.zeros(5)
    for anchor, alike, other in triplets:
        wanted[anchor] += Y[:, anchor] @ (Y[:, alike] - Y[:, other]) / (1 + 4)
    np.testing.assert_allclose(similarities(Y, constraints(triplets, 5)), wanted)


def test_the_sum_of_losses_is_the_quadratic_form_of_the_directions(rng):
    V, P, s = orthonormal(rng, 20, 6), orthonormal(rng, 6, 2), rng.uniform(0.5, 2, 2)
    C = constraints(draw_triplets(np.arange(20) % 3, 4, rng), 20)
    deficits = 0.01 - similarities(np.sqrt(s)[:, None] * (V @ P).T, C)
    losing = deficits > 0
    assert 0 < losing.sum() < 20
    form = 0.01 * losing.sum() - s @ gains(P, kernel(V, C, losing))
    assert deficits[losing].sum() == pytest.approx(form)


def test_the_gradient_is_that_of_autograd(rng):
    K, P = rng.standard_normal((7, 7)), orthonormal(rng, 7, 3)
    value, gradient = objective(P, K)
    point = torch.from_numpy(P).requires_grad_()
    own = -torch.einsum("rk,rs,sk->k", point, torch.from_numpy(K), point)
    loss = -0.5 * (torch.nn.functional.softplus(own) * own).sum()
    loss.backward()
    assert value == pytest.approx(loss.item())
    np.testing.assert_allclose(gradient, point.grad.numpy(), atol=1e-12)


def test_a_step_keeps_columns_orthonormal_and_goes_down_at_first(rng):
    K, P = rng.standard_normal((30, 30)), orthonormal(rng, 30, 4)
    value, gradient = objective(P, K)
    for length in (1e-3, 1.0, 1e3):
        ahead = FLRML.cayley(P, gradient, length)
        np.testing.assert_allclose(ahead.T @ ahead, np.eye(4), atol=1e-10)
    slope = (objective(FLRML.cayley(P, gradient, 1e-6), K)[0] - value) / 1e-6
    assert slope == pytest.approx(-np.sum((gradient - P @ gradient.T @ P) * gradient), rel=1e-3)
    assert slope < 0


def test_learning_keeps_directions_orthonormal_and_lowers_the_loss(digits, rng):
    samples = digits.signal.reshape(600, -1) / np.linalg.norm(digits.signal, axis=(1, 2))[:, None]
    V = Decomposed.of(samples).V
    C = constraints(draw_triplets(digits.extras["labels"], 5, rng), 600)
    P, s, losses = FLRML.learned(V, C, 9, rng, 20)
    np.testing.assert_allclose(P.T @ P, np.eye(9), atol=1e-10)
    assert (s > 0).all()
    assert losses[-1] < 0.8 * losses[0]


def test_samples_are_composed_of_what_they_are_decomposed_into(rng):
    samples = rng.standard_normal((8, 3)) @ rng.standard_normal((3, 12))
    data = Decomposed.of(samples)
    assert len(data.singular) == 3
    np.testing.assert_allclose(data.V * data.singular @ data.basis, samples, atol=1e-10)
    np.testing.assert_allclose(data.inverse @ samples.T, data.V.T, atol=1e-10)


def test_labels_without_meaning_teach_flrml_no_more_than_the_svd_knows_in_its_subspace():
    every = digits_of(None)
    meaningless, svd = np.mean(
        [
            (
                accuracy("flrml", every, permuted=True, seed=seed, most=9),
                accuracy("singular_vectors", every, seed=seed),
            )
            for seed in range(3)
        ],
        axis=0,
    )
    assert abs(meaningless - svd) < 2


def test_held_out_samples_keep_flrml_from_fitting_labels_without_meaning(digits):
    everywhere, chosen = (accuracy("flrml", digits, permuted=True, most=most) for most in (3000, None))
    assert chosen > everywhere + 5


@pytest.mark.parametrize("stem", ["flrml", "lda", "nca"])
def test_labels_tell_what_the_largest_variance_hides(stem, rng):
    labels = np.arange(120) % 3
    samples = np.eye(3)[labels] @ rng.standard_normal((3, 12)) + 6 * rng.standard_normal(
        (120, 2)
    ) @ rng.standard_normal((2, 12))
    samples += 0.3 * rng.standard_normal((120, 12))
    item = Item("hidden", samples, rank=2, signed=True, extras={"labels": labels})
    assert accuracy(stem, item) > accuracy("singular_vectors", item) + 15


def test_raw_cosine_has_the_neighbours_of_whole_samples(rng):
    item = Item("wide", rng.uniform(0, 1, (24, 40)), extras={"labels": np.arange(24) % 2})
    posed = METRIC.pose(item, Observation(), rng)
    problem = problem_of_given(posed.given, None)
    answer = (
        load_module(ROOT / "baselines" / "singular_vectors.py").solve(problem, seed=0, device="cpu", whole=True).answer
    )
    assert answer.shape == (12, 40)
    measure = METRIC.measures(problem, posed.withheld)["accuracy"]
    assert measure(answer) == measure(np.eye(40))
