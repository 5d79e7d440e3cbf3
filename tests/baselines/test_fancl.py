"""Matrix completion with penalties on singular values, against theory and brute force."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.proximal import singular_value_threshold
from benchmark.contract import Problem, compose
from benchmark.loading import load_module

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "fancl.py")
PENALTIES = METHOD.PENALTIES
SETTINGS = {"nuclear": (1.0, 1), "tnn": (1.0, 3), "capped": (1.0, 1.7), "lsp": (1.5, 0.8)}

every_penalty = pytest.mark.parametrize("name", PENALTIES)


def planted(rng: np.random.Generator, size=(60, 50), rank=3, share=0.5, noise=0.1) -> tuple[np.ndarray, np.ndarray]:
    """Return a noisy matrix of low rank and a mask of a share of its entries."""
    clean = rng.standard_normal((size[0], rank)) @ rng.standard_normal((rank, size[1]))
    return clean + noise * rng.standard_normal(size), rng.random(size) < share


def solve(matrix, mask, rank=3, **params):
    problem = Problem(np.where(mask, matrix, 0), rank=rank, granted={"mask": mask})
    return METHOD.solve(problem, seed=0, device="cpu", **params)


def trajectory(matrix, mask, name, weight, theta, number, *, power_iterations=1, largest_rank=40):
    """Return iterates from zero, without continuation, and their setting."""
    target, setting = METHOD.entries(matrix, mask), METHOD.Setting(PENALTIES[name], weight, theta)
    rank = min(largest_rank, *matrix.shape)
    start, _ = METHOD.beginning(target, rank)
    states = METHOD.steps(target, setting, start, weight, largest_rank=rank, power_iterations=power_iterations)
    return list(islice(states, number)), setting


@every_penalty
@pytest.mark.parametrize("weight", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("theta", [1.0, 2.0])
def test_prox_is_the_best_of_a_grid(name, weight, theta):
    """Each value by itself: what `tnn` does to one depends on its place, which is beyond theta here."""
    penalty, grid = PENALTIES[name], np.linspace(0, 8, 80001)
    number = 3 if name == "tnn" else 1
    values = np.array([0.05, 0.4, 0.9, 1.3, 1.9, 2.4, 3.1, 4.5, 7.0])
    for value in values:
        found = penalty.prox(np.repeat(value, number), weight, theta)[-1]
        cost = {
            "nuclear": grid,
            "tnn": grid,
            "capped": np.minimum(grid, theta),
            "lsp": np.log1p(grid / theta),
        }[name]
        costs = (grid - value) ** 2 / 2 + weight * cost
        own = (found - value) ** 2 / 2 + weight * np.interp(found, grid, cost)
        assert own <= costs.min() + 1e-6


def test_the_truncated_penalty_spares_the_first_values():
    values = np.array([5.0, 4.0, 3.0, 0.5])
    np.testing.assert_array_equal(PENALTIES["tnn"].prox(values, 1.0, 2), [5, 4, 2, 0])
    assert PENALTIES["tnn"].value(values, 2) == 3.5


def test_large_thetas_give_the_nuclear_norm():
    values = np.random.default_rng(0).uniform(0, 5, 30)
    soft = np.maximum(values - 1.2, 0)
    np.testing.assert_allclose(PENALTIES["capped"].prox(values, 1.2, 100.0), soft)
    # At a fixed slope lambda / theta the log-sum becomes linear.
    np.testing.assert_allclose(PENALTIES["lsp"].prox(values, 1.2e7, 1e7), soft, atol=1e-5)


@every_penalty
@pytest.mark.parametrize("power_iterations", [1, 3])
def test_consistent_objective_never_rises(name, power_iterations):
    matrix, mask = planted(np.random.default_rng(1))
    weight, theta = SETTINGS[name]
    states, setting = trajectory(matrix, mask, name, weight, theta, 60, power_iterations=power_iterations)
    values = [METHOD.objective(setting, state) for state in states]
    assert np.diff(values).max() <= 1e-9 * values[0]
    assert values[-1] < 0.9 * values[0]


@every_penalty
def test_objective_is_that_of_the_matrix_it_states(name):
    matrix, mask = planted(np.random.default_rng(2))
    weight, theta = SETTINGS[name]
    [*_, state], setting = trajectory(matrix, mask, name, weight, theta, 20)
    fit = state.left @ state.right.T
    values = np.linalg.svd(fit, compute_uv=False)
    penalty = {
        "nuclear": values.sum(),
        "tnn": values[3:].sum(),
        "capped": np.minimum(values, 1.7).sum(),
        "lsp": np.log(1 + values / 0.8).sum(),
    }[name]
    expected = np.sum((fit - matrix)[mask] ** 2) / 2 + weight * penalty
    assert METHOD.objective(setting, state) == pytest.approx(expected, rel=1e-9)


@every_penalty
def test_one_step_from_all_entries_is_the_thresholded_svd(name):
    matrix, _ = planted(np.random.default_rng(3), size=(30, 25), noise=0.5)
    weight, theta = SETTINGS[name]
    [state], setting = trajectory(matrix, np.ones(matrix.shape, bool), name, weight, theta, 1)
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    expected = left * setting.penalty.prox(values, weight, theta) @ right
    np.testing.assert_allclose(state.left @ state.right.T, expected, atol=1e-9)
    assert np.linalg.norm(expected - matrix) > 1


@pytest.mark.parametrize("shape", [(60, 50), (40, 70)])
def test_the_nuclear_norm_comes_to_the_minimum_of_soft_impute_with_full_decompositions(shape):
    matrix, mask = planted(np.random.default_rng(4), size=shape)
    states, _ = trajectory(matrix, mask, "nuclear", 2.0, 1, 300)
    fit = np.zeros(shape)
    for _ in range(600):
        fit = singular_value_threshold(np.where(mask, matrix, fit), 2.0)
    np.testing.assert_allclose(states[-1].left @ states[-1].right.T, fit, atol=1e-5)
    assert np.linalg.matrix_rank(fit) < 40


def test_lambda_decays_to_its_end():
    path = [METHOD.decayed(1.0, 3.0, iteration) for iteration in range(60)]
    assert path[0] == 3
    assert np.diff(path).max() < 0
    assert path[-1] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("name", ["tnn", "capped", "lsp", "best"])
def test_penalties_that_spare_large_values_recover_a_planted_matrix_better_than_the_nuclear_norm(name):
    rng = np.random.default_rng(5)
    clean, mask = planted(rng, size=(80, 70), rank=2, share=0.25, noise=0)
    noisy = clean + 0.1 * rng.standard_normal(clean.shape)
    errors = [
        np.linalg.norm((compose(solve(noisy, mask, rank=2, penalty=own).factors) - clean)[~mask])
        for own in ("nuclear", name)
    ]
    assert errors[1] < errors[0] / 2 < np.linalg.norm(clean[~mask]) / 4


def test_entries_out_of_the_mask_are_not_read_and_rows_without_one_get_what_the_offset_says():
    matrix, mask = planted(np.random.default_rng(6))
    mask[5] = False
    answer = compose(solve(matrix, mask, penalty="lsp").factors)
    problem = Problem(np.where(mask, matrix, 7), rank=3, granted={"mask": mask})
    other = METHOD.solve(problem, seed=0, device="cpu", penalty="lsp")
    np.testing.assert_allclose(compose(other.factors), answer, atol=1e-10)
    np.testing.assert_allclose(answer[5], 0, atol=1e-8)


def test_a_rank_that_is_not_told_leaves_the_first_value_to_be_spared():
    matrix, mask = planted(np.random.default_rng(7), size=(40, 30))
    answer = compose(solve(matrix, mask, rank=None, penalty="tnn").factors)
    assert np.linalg.norm((answer - matrix)[~mask]) < 0.5 * np.linalg.norm(matrix[~mask])


@every_penalty
def test_a_constant_matrix_is_completed_by_it(name):
    matrix, mask = np.full((12, 10), 3.5), np.random.default_rng(9).random((12, 10)) < 0.5
    np.testing.assert_allclose(compose(solve(matrix, mask, penalty=name).factors), 3.5, rtol=1e-9)


def test_what_biases_explain_is_explained():
    rng = np.random.default_rng(8)
    matrix = 3 + rng.standard_normal((40, 1)) + rng.standard_normal(30)
    mask = rng.random(matrix.shape) < 0.5
    answer = compose(solve(matrix, mask, penalty="nuclear").factors)
    assert np.abs(answer - matrix)[~mask].mean() < 0.25
