"""Soft-thresholding of singular values with the threshold by SURE: exact, and by a random projection."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.proximal import singular_value_threshold
from benchmark.algorithms.sure import best_threshold, risk_estimate
from benchmark.contract import Problem, compose
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise

BASELINES = Path(__file__).parents[2] / "baselines"
EXACT, FAST = (load_module(BASELINES / f"{name}.py") for name in ("svt_sure", "fast_svt"))


def solve(method, observed: np.ndarray, noise: Noise, seed: int = 0, **params) -> np.ndarray:
    problem = Problem(observed=observed, rank=1, noise=noise)
    return compose(method.solve(problem, seed=seed, device="cpu", **params).factors)


def low_rank(shape: tuple[int, int], rank: int, rng: np.random.Generator) -> np.ndarray:
    """Return a matrix of `rank` with components from below to above unit noise."""
    left, right = (np.linalg.qr(rng.standard_normal((size, rank)))[0] for size in shape)
    return left * np.linspace(1, 3, rank) * np.sqrt(max(shape)) @ right.T


@pytest.mark.parametrize("shape", [(20, 20), (40, 15), (15, 40)])
@pytest.mark.parametrize("threshold", [0.0, 3.0, 7.0])
def test_sure_is_unbiased_for_the_risk(shape, threshold):
    rng, sigma = np.random.default_rng(0), 0.9
    clean = low_rank(shape, 5, rng)
    surplus = []
    for _ in range(400):
        observed = clean + sigma * rng.standard_normal(shape)
        loss = np.sum((singular_value_threshold(observed, threshold) - clean) ** 2)
        estimate = risk_estimate(np.linalg.svd(observed, compute_uv=False), threshold, sigma, shape)
        surplus.append(estimate - loss)
    # Four standard errors, which are about a hundredth of the risk.
    assert abs(np.mean(surplus)) < 4 * np.std(surplus) / np.sqrt(len(surplus))
    assert np.std(surplus) / np.sqrt(len(surplus)) < 0.02 * sigma**2 * clean.size


@pytest.mark.parametrize("shape", [(12, 12), (30, 8), (8, 30)])
def test_divergence_in_sure_is_that_of_finite_differences(shape):
    observed, threshold, step = np.random.default_rng(1).standard_normal(shape), 2.0, 1e-5
    divergence = 0.0
    for index in np.ndindex(shape):
        moved = np.zeros(shape)
        moved[index] = step
        ahead, behind = (singular_value_threshold(observed + sign * moved, threshold)[index] for sign in (1, -1))
        divergence += (ahead - behind) / (2 * step)
    singular_values = np.linalg.svd(observed, compute_uv=False)
    misfit = np.sum((observed - singular_value_threshold(observed, threshold)) ** 2)
    estimate = risk_estimate(singular_values, threshold, 1.0, shape)
    assert estimate == pytest.approx(misfit - observed.size + 2 * divergence, rel=1e-6)


@pytest.mark.parametrize("shape", [(40, 40), (60, 20), (20, 60)])
@pytest.mark.parametrize("sigma", [0.3, 1.0, 3.0])
def test_no_threshold_of_a_fine_grid_has_a_lower_sure_than_the_best_one(shape, sigma):
    rng = np.random.default_rng(2)
    observed = low_rank(shape, 6, rng) + sigma * rng.standard_normal(shape)
    singular_values = np.linalg.svd(observed, compute_uv=False)
    best = best_threshold(singular_values, sigma, shape)
    grid = np.linspace(0, 1.1 * singular_values[0], 2001)
    risks = [risk_estimate(singular_values, threshold, sigma, shape) for threshold in grid]
    least = risk_estimate(singular_values, best, sigma, shape)
    assert least <= min(risks)
    assert best == pytest.approx(grid[np.argmin(risks)], abs=0.05 * singular_values[0])
    assert best > 0


def test_equal_singular_values_are_no_singularity():
    equal = risk_estimate(np.array([3.0, 3.0, 1.0, 1.0]), 2.0, 1.0, (4, 6))
    near = risk_estimate(np.array([3.0 + 1e-6, 3.0, 1.0 + 1e-6, 1.0]), 2.0, 1.0, (4, 6))
    assert equal == pytest.approx(near, abs=1e-4)
    assert best_threshold(np.array([3.0, 3.0, 0.0, 0.0]), 0.1, (4, 6)) < 3


def test_loss_at_the_threshold_of_sure_is_near_that_of_the_best_threshold():
    rng, shape = np.random.default_rng(3), (150, 60)
    clean = low_rank(shape, 5, rng)
    observed = clean + rng.standard_normal(shape)
    losses = [np.sum((singular_value_threshold(observed, t) - clean) ** 2) for t in np.linspace(0, 40, 161)]
    assert np.sum((solve(EXACT, observed, Gaussian(1.0)) - clean) ** 2) < 1.05 * min(losses)


@pytest.mark.parametrize("method", [EXACT, FAST], ids=["exact", "fast"])
def test_pure_noise_leaves_the_mean_of_each_band(method):
    observed = np.array([5.0, 1.0, -2.0]) + 0.1 * np.random.default_rng(4).standard_normal((60, 50, 3))
    result = solve(method, observed, Gaussian(0.2))
    np.testing.assert_allclose(result, np.broadcast_to(observed.mean(axis=(0, 1)), observed.shape), atol=1e-12)


def test_without_noise_the_observation_returns():
    observed = np.random.default_rng(5).random((20, 15, 4))
    np.testing.assert_allclose(solve(EXACT, observed, Gaussian(0.0)), observed, atol=1e-12)


def test_answer_is_the_proximal_operator_of_the_nuclear_norm_about_the_mean():
    rng = np.random.default_rng(6)
    observed = 3 + low_rank((50, 30), 4, rng) + rng.standard_normal((50, 30))
    centred = observed - observed.mean()
    threshold = best_threshold(np.linalg.svd(centred, compute_uv=False), 1.0, observed.shape)
    expected = observed.mean() + singular_value_threshold(centred, threshold)
    np.testing.assert_allclose(solve(EXACT, observed, Gaussian(1.0)), expected, atol=1e-10)
    assert np.abs(expected - observed.mean()).max() > 1


def test_random_projection_agrees_with_the_exact_threshold_on_low_rank_and_noise():
    rng, shape = np.random.default_rng(7), (400, 150)
    observed = 2 * low_rank(shape, 8, rng) + rng.standard_normal(shape)
    exact = solve(EXACT, observed, Gaussian(1.0))
    # The threshold lies within the noise, whose singular values crowd, so that few powers do not part them.
    distances = [
        np.linalg.norm(solve(FAST, observed, Gaussian(1.0), power_iterations=power) - exact) for power in (0, 2, 50)
    ]
    assert distances[2] < 0.1 * distances[1] < 0.1 * distances[0]
    assert distances[1] < 0.06 * np.linalg.norm(exact)


def test_random_projection_of_all_columns_is_exact():
    observed = np.random.default_rng(8).standard_normal((30, 20))
    exact = solve(EXACT, observed, Gaussian(0.3))
    np.testing.assert_allclose(solve(FAST, observed, Gaussian(0.3), oversampling=20), exact, atol=1e-6)
    assert 0.2 < np.linalg.norm(exact) / np.linalg.norm(observed) < 0.95
