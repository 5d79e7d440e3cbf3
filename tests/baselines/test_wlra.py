from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Estimate, Problem, Skipped, compose
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise, Poisson

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "wlra.py")
ITERATIONS = {"als": METHOD.alternating_least_squares, "em": METHOD.expectation_maximisation}

every_algorithm = pytest.mark.parametrize("algorithm", ["als", "em"])


def solve(observed: np.ndarray, rank: int, noise: Noise | None, **params) -> Estimate:
    problem = Problem(observed=observed, rank=rank, data_range=1.0, noise=noise)
    return METHOD.solve(problem, seed=0, device="cpu", **params)


def weighted_problem(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a noisy matrix of about rank 3 and weights from 0.1 to 1."""
    observed = rng.random((25, 3)) @ rng.random((3, 18)) + 0.1 * rng.standard_normal((25, 18))
    return observed, rng.uniform(0.1, 1, observed.shape)


@every_algorithm
@pytest.mark.parametrize("regularisation", [0.0, 0.1])
def test_objective_never_rises(algorithm, regularisation):
    observed, weights = weighted_problem(np.random.default_rng(0))
    start = truncated_svd(observed, 3)
    iterates = [start, *islice(ITERATIONS[algorithm](observed, weights, start, regularisation), 50)]
    values = [METHOD.objective(observed, weights, factors, regularisation) for factors in iterates]
    assert np.diff(values).max() < 1e-12 * values[0]
    assert values[-1] < 0.95 * values[0]


@pytest.mark.parametrize("regularisation", [0.0, 0.1])
def test_no_nearby_factors_have_a_lower_objective_at_the_limit(regularisation):
    rng = np.random.default_rng(1)
    observed, weights = weighted_problem(rng)
    iterates = METHOD.alternating_least_squares(observed, weights, truncated_svd(observed, 3), regularisation)
    *_, factors = islice(iterates, 500)
    least = METHOD.objective(observed, weights, factors, regularisation)
    for size in (1e-4, 1e-3, 1e-2):
        for _ in range(20):
            moved = tuple(factor + size * rng.standard_normal(factor.shape) for factor in factors)
            assert METHOD.objective(observed, weights, moved, regularisation) > least


def test_both_algorithms_have_the_same_limit():
    observed, weights = weighted_problem(np.random.default_rng(2))
    start = truncated_svd(observed, 3)
    limits = []
    for iteration in ITERATIONS.values():
        *_, factors = islice(iteration(observed, weights, start, 0.0), 2000)
        limits.append(compose(factors))
    np.testing.assert_allclose(limits[0], limits[1], atol=1e-6)


@every_algorithm
def test_equal_weights_give_the_truncated_svd(algorithm):
    observed = np.random.default_rng(3).random((9, 8, 12))
    estimate = solve(observed, 4, Gaussian(0.1), algorithm=algorithm)
    np.testing.assert_allclose(compose(estimate.factors), compose(truncated_svd(observed, 4)), atol=1e-12)
    assert estimate.iterations == 1


def test_weights_of_a_row_and_a_column_factor_have_the_svd_of_the_scaled_matrix():
    rng = np.random.default_rng(4)
    observed, rows, columns = rng.random((20, 15)), rng.uniform(0.5, 1, (20, 1)), rng.uniform(0.5, 1, 15)
    iterates = METHOD.alternating_least_squares(observed, rows**2 * columns**2, truncated_svd(observed, 3), 0.0)
    *_, factors = islice(iterates, 300)
    expected = compose(truncated_svd(rows * columns * observed, 3)) / (rows * columns)
    np.testing.assert_allclose(compose(factors), expected, atol=1e-8)


@every_algorithm
def test_weights_of_zero_and_one_recover_a_matrix_of_low_rank(algorithm):
    rng = np.random.default_rng(5)
    clean = rng.standard_normal((40, 2)) @ rng.standard_normal((2, 30))
    mask = (rng.random(clean.shape) < 0.7).astype(float)
    observed = np.where(mask, clean, 9.0)
    *_, factors = islice(ITERATIONS[algorithm](observed, mask, truncated_svd(mask * clean, 2), 0.0), 200)
    np.testing.assert_allclose(compose(factors), clean, atol=1e-6)


def test_products_in_blocks_are_those_of_the_whole(monkeypatch):
    observed, weights = weighted_problem(np.random.default_rng(6))
    factor, _ = np.linalg.qr(np.random.default_rng(7).standard_normal((18, 3)))
    expected = np.stack(
        [
            np.linalg.lstsq(np.sqrt(w)[:, None] * factor, np.sqrt(w) * y)[0]
            for w, y in zip(weights, observed, strict=True)
        ]
    )
    for block in (4096, 7):
        monkeypatch.setattr(METHOD, "BLOCK", block)
        np.testing.assert_allclose(METHOD.regressed(observed, weights, factor, 0.0), expected, atol=1e-12)


def test_weights_are_inverse_to_the_variance_down_to_a_tenth_of_its_mean():
    estimate = np.array([[-0.3, 0.0, 0.02], [0.5, 1.0, 1.5]])
    weights = METHOD.noise_weights(estimate, Poisson(photons=100))
    # The mean variance is 0.5033 / 100, so that estimates below 0.0503 count as that.
    np.testing.assert_allclose(weights, 0.0503333 / np.array([[0.0503333] * 3, [0.5, 1.0, 1.5]]), rtol=1e-5)
    np.testing.assert_array_equal(METHOD.noise_weights(estimate, Gaussian(0.0)), 1.0)


@every_algorithm
def test_weights_help_where_bright_and_dark_rows_meet(algorithm):
    rng, noise = np.random.default_rng(8), Poisson(photons=50, readout=1)
    bright = np.where(np.arange(200) < 40, 1.0, 0.1)[:, None]
    clean = bright * (rng.random((200, 3)) @ rng.dirichlet(np.ones(40), 3) * 15)
    observed = noise.sample(clean, rng)
    weighted = compose(solve(observed, 3, noise, algorithm=algorithm).factors)
    errors = [np.sum((estimate - clean) ** 2) for estimate in (weighted, compose(truncated_svd(observed, 3)))]
    assert errors[0] < 0.9 * errors[1] < 0.9 * np.sum((observed - clean) ** 2)


def test_missing_noise_model_is_a_reason_to_skip():
    with pytest.raises(Skipped, match="wlra needs the noise level"):
        solve(np.ones((5, 4)), 1, None)
