from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Estimate, Factors, Problem, Skipped, compose
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise, Poisson

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "wlra.py")
STEPS = {"als": METHOD.alternating_least_squares, "em": METHOD.expectation_maximisation}

every_algorithm = pytest.mark.parametrize("algorithm", ["als", "em"])


def solve(observed: np.ndarray, rank: int, noise: Noise | None, **params) -> Estimate:
    problem = Problem(observed=observed, rank=rank, noise=noise)
    return METHOD.solve(problem, seed=0, device="cpu", **params)


def complete(matrix: np.ndarray, mask: np.ndarray, rank: int, **params) -> Estimate:
    problem = Problem(observed=np.where(mask, matrix, 0), rank=rank, granted={"mask": mask})
    return METHOD.solve(problem, seed=0, device="cpu", **params)


def iterates(
    algorithm: str, matrix: np.ndarray, weights: np.ndarray, start: Factors, regularisation: float, number: int
) -> list[Factors]:
    """Return the start and as many iterates."""
    factors = [start]
    for _ in range(number):
        factors.append(STEPS[algorithm](matrix, weights, factors[-1], regularisation))
    return factors


def weighted_problem(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a noisy matrix of about rank 3 and weights from 0.1 to 1."""
    observed = rng.random((25, 3)) @ rng.random((3, 18)) + 0.1 * rng.standard_normal((25, 18))
    return observed, rng.uniform(0.1, 1, observed.shape)


def printed(matrix, weights, left, right, regularisation):
    """Return the objective as the paper prints it, with the weights V whose squares W are, of arrays or tensors."""
    misfit = (weights**0.5 * (left @ right.T - matrix)) ** 2
    return misfit.sum() + regularisation * ((left**2).sum() + (right**2).sum())


@every_algorithm
@pytest.mark.parametrize("regularisation", [0.0, 0.1])
def test_printed_objective_never_rises(algorithm, regularisation):
    observed, weights = weighted_problem(np.random.default_rng(0))
    found = iterates(algorithm, observed, weights, truncated_svd(observed, 3), regularisation, 50)
    values = [printed(observed, weights, *factors, regularisation) for factors in found]
    assert METHOD.objective(observed, weights, found[1], regularisation) == pytest.approx(values[1])
    assert np.diff(values).max() < 1e-12 * values[0]
    assert values[-1] < 0.95 * values[0]


@every_algorithm
@pytest.mark.parametrize("regularisation", [0.0, 0.1, 2.0])
def test_gradient_of_the_printed_objective_vanishes_at_the_limit(algorithm, regularisation):
    observed, weights = weighted_problem(np.random.default_rng(1))
    start = truncated_svd(observed, 3)
    gradients = []
    for factors in (start, iterates(algorithm, observed, weights, start, regularisation, 3000)[-1]):
        left, right = (torch.tensor(factor, requires_grad=True) for factor in factors)
        printed(torch.tensor(observed), torch.tensor(weights), left, right, regularisation).backward()
        gradients.append(max(left.grad.abs().max().item(), right.grad.abs().max().item()))
    assert gradients[1] < 1e-6 < 1e-2 < gradients[0]


@every_algorithm
def test_equal_weights_and_a_penalty_give_the_soft_thresholded_svd(algorithm):
    """The penalty is that of the nuclear norm, (s - lambda)_+; lambda ||A B^T||^2 would give s / (1 + lambda)."""
    observed = np.random.default_rng(2).standard_normal((20, 15))
    left, values, right = np.linalg.svd(observed, full_matrices=False)
    shrunk = np.maximum(values[:4] - 1.5, 0)
    factors = iterates(algorithm, observed, np.ones_like(observed), truncated_svd(observed, 4), 1.5, 300)[-1]
    np.testing.assert_allclose(compose(factors), left[:, :4] * shrunk @ right[:4], atol=1e-10)
    for factor in factors:
        np.testing.assert_allclose(factor.T @ factor, np.diag(shrunk), atol=1e-9)


def test_a_penalty_above_all_singular_values_leaves_nothing():
    observed, weights = weighted_problem(np.random.default_rng(3))
    factors = iterates("als", observed, weights, truncated_svd(observed, 3), 1e3, 50)[-1]
    np.testing.assert_allclose(compose(factors), 0, atol=1e-12)


def test_both_algorithms_have_the_same_limit():
    observed, weights = weighted_problem(np.random.default_rng(2))
    for regularisation in (0.0, 0.5):
        limits = [
            compose(iterates(algorithm, observed, weights, truncated_svd(observed, 3), regularisation, 2000)[-1])
            for algorithm in STEPS
        ]
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
    factors = iterates("als", observed, rows**2 * columns**2, truncated_svd(observed, 3), 0.0, 300)[-1]
    expected = compose(truncated_svd(rows * columns * observed, 3)) / (rows * columns)
    np.testing.assert_allclose(compose(factors), expected, atol=1e-8)


@every_algorithm
def test_weights_of_zero_and_one_recover_a_matrix_of_low_rank(algorithm):
    rng = np.random.default_rng(5)
    clean = rng.standard_normal((40, 2)) @ rng.standard_normal((2, 30))
    mask = (rng.random(clean.shape) < 0.7).astype(float)
    observed = np.where(mask, clean, 9.0)
    factors = iterates(algorithm, observed, mask, truncated_svd(mask * clean, 2), 0.0, 300)[-1]
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


@every_algorithm
def test_entries_that_a_mask_leaves_out_are_completed_and_never_read(algorithm):
    rng = np.random.default_rng(9)
    clean = rng.standard_normal((40, 2)) @ rng.standard_normal((2, 30))
    mask = rng.random(clean.shape) < 0.6
    estimate = complete(clean, mask, 2, algorithm=algorithm, iterations=2000, tolerance=1e-14)
    np.testing.assert_allclose(compose(estimate.factors), clean, atol=1e-4)
    problem = Problem(observed=np.where(mask, clean, 5.0), rank=2, granted={"mask": mask})
    other = METHOD.solve(problem, seed=0, device="cpu", algorithm=algorithm, iterations=2000, tolerance=1e-14)
    np.testing.assert_allclose(compose(other.factors), compose(estimate.factors), atol=1e-10)


def test_a_penalty_by_held_out_entries_completes_noisy_matrices_better_than_none():
    rng = np.random.default_rng(10)
    clean = rng.standard_normal((60, 5)) @ rng.standard_normal((5, 50))
    mask = rng.random(clean.shape) < 0.35
    noisy = clean + rng.standard_normal(clean.shape)
    errors = [
        np.linalg.norm((compose(complete(noisy, mask, 5, regularisation=own).factors) - clean)[~mask])
        for own in (0.0, None)
    ]
    assert errors[1] < 0.8 * errors[0]
    assert errors[1] < 0.9 * np.linalg.norm(clean[~mask])


def test_a_penalty_by_held_out_entries_vanishes_where_there_is_hardly_any_noise():
    rng = np.random.default_rng(12)
    clean = rng.standard_normal((80, 2)) @ rng.standard_normal((2, 60))
    mask = rng.random(clean.shape) < 0.3
    noisy = clean + 0.01 * rng.standard_normal(clean.shape)
    errors = [
        np.linalg.norm((compose(complete(noisy, mask, 2, regularisation=own).factors) - clean)[~mask])
        for own in (0.0, None)
    ]
    assert errors[1] < 1.05 * errors[0]
    assert errors[0] < 0.01 * np.linalg.norm(clean[~mask])


def test_a_row_with_too_few_entries_needs_a_penalty_and_gets_what_its_offset_says():
    rng = np.random.default_rng(11)
    clean = rng.standard_normal((40, 2)) @ rng.standard_normal((2, 30))
    mask = rng.random(clean.shape) < 0.6
    mask[7] = False
    with pytest.raises(Skipped, match="row 7 has 0: give a regularisation, or the algorithm `em`"):
        complete(clean, mask, 2)
    answer = compose(complete(clean, mask, 2, regularisation=0.1).factors)
    np.testing.assert_allclose(answer[7], 0, atol=1e-12)
    others = np.arange(40) != 7
    assert np.linalg.norm((answer - clean)[others]) < 0.1 * np.linalg.norm(clean[others])


def test_a_regularisation_is_not_chosen_to_denoise():
    with pytest.raises(ValueError, match="give a number to denoise"):
        solve(np.ones((5, 4)), 1, Gaussian(0.1), regularisation=None)
