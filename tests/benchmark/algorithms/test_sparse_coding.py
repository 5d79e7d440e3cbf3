"""Codes of many signals at once against their optimality conditions, scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy.optimize import nnls
from sklearn.linear_model import Lasso

from benchmark.algorithms.sparse_coding import (
    largest_eigenvalue,
    lasso,
    relative_change,
    reweighted,
    weighted_lasso,
    weighted_ridge,
)

PENALTY = 0.5


@pytest.fixture
def problem():
    """Return atoms 16 x 20 of unit norm and signals 5 x 20."""
    rng = np.random.default_rng(0)
    atoms = rng.standard_normal((16, 20))
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True), rng.standard_normal((5, 20))


def lasso_of(atoms, signals, iterations=3000, tolerance=0.0):
    start = np.zeros((len(signals), len(atoms)))
    return lasso(atoms @ atoms.T, signals @ atoms.T, PENALTY, start, iterations, tolerance)


def test_the_lasso_meets_its_optimality_conditions(problem):
    atoms, signals = problem
    codes = lasso_of(atoms, signals)
    gradients = (codes @ atoms - signals) @ atoms.T
    assert np.abs(gradients).max() <= PENALTY * (1 + 1e-3)
    support = np.abs(codes) > 1e-8
    assert 0 < support.sum() < codes.size
    np.testing.assert_allclose(gradients[support], -PENALTY * np.sign(codes[support]), rtol=1e-3)


def test_the_lasso_is_that_of_scikit_learn(problem):
    atoms, signals = problem
    machine = Lasso(alpha=PENALTY / atoms.shape[1], fit_intercept=False, tol=1e-10, max_iter=100_000)
    expected = machine.fit(atoms.T, signals.T).coef_
    np.testing.assert_allclose(lasso_of(atoms, signals), expected, atol=1e-4)


def test_a_code_does_not_depend_on_which_other_signals_there_are(problem):
    atoms, signals = problem
    together = lasso_of(atoms, signals, tolerance=1e-3)
    alone = np.concatenate([lasso_of(atoms, own[None], tolerance=1e-3) for own in signals])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)
    assert np.abs(together - lasso_of(atoms, signals)).max() > 1e-9, "the tolerance ends some of them"


def test_penalties_are_of_their_own_signals(problem):
    atoms, signals = problem
    penalties = np.array([0.1, 0.5, 0.8, 0.5, 100.0])
    codes = lasso(atoms @ atoms.T, signals @ atoms.T, penalties, np.zeros((5, 16)), 2000)
    np.testing.assert_allclose(codes[[1, 3]], lasso_of(atoms, signals[[1, 3]]), atol=1e-4)
    assert not codes[4].any()


def test_equal_weights_without_a_penalty_give_non_negative_least_squares(problem):
    atoms, signals = problem
    tall = atoms[:12]
    ones, start = np.ones_like(signals), np.full((5, 12), 1 / 12)
    codes = weighted_lasso(
        tall, signals, ones, 0.0, start, 3000, lipschitz=largest_eigenvalue(tall @ tall.T), nonnegative=True
    )
    np.testing.assert_allclose(codes, [nnls(tall.T, own)[0] for own in signals], atol=1e-5)


def test_weights_of_zero_leave_pixels_out(problem):
    atoms, signals = problem
    weights = np.ones_like(signals)
    weights[:, :4] = 0
    start, largest = np.zeros((5, 16)), largest_eigenvalue(atoms @ atoms.T)
    codes = weighted_lasso(atoms, signals, weights, PENALTY, start, 5000, lipschitz=largest)
    np.testing.assert_allclose(codes @ atoms[:, 4:], lasso_of(atoms[:, 4:], signals[:, 4:]) @ atoms[:, 4:], atol=1e-3)


def test_weighted_ridge_is_the_closed_form(problem):
    atoms, signals = problem
    weights = np.random.default_rng(1).random(signals.shape)
    codes = weighted_ridge(atoms, signals, weights, 0.1, np.ones((5, 16)), 60)
    expected = [
        np.linalg.solve((atoms * w) @ atoms.T + 0.1 * np.eye(16), atoms @ (w * y))
        for w, y in zip(weights, signals, strict=True)
    ]
    np.testing.assert_allclose(codes, expected, atol=1e-8)


def test_ridge_of_signals_of_zeros_is_zero(problem):
    atoms, _ = problem
    zeros = np.zeros((2, 20))
    assert not weighted_ridge(atoms, zeros, np.ones_like(zeros), 0.1, np.zeros((2, 16)), 10).any()


def test_a_signal_rests_when_it_is_settled_and_others_go_on(problem):
    atoms, signals = problem
    calls = []

    def code(own, weights, last):
        calls.append(len(own))
        return last + own[:, :1]

    codes, _ = reweighted(
        *(atoms, signals[:2] * [[0.0], [1.0]], np.abs, code, np.zeros((2, 16)), 4),
        lambda last, new: relative_change(last[0], new[0]) < 0.1,
    )
    assert calls == [2, 1, 1, 1]
    np.testing.assert_allclose(codes[1], 4 * signals[1, 0])
