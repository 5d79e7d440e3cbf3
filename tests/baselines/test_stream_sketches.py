"""Sketches of streams and of stacks: what each promises, against the definition."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.algorithms.sketching import lowered
from benchmark.contract import Problem, Skipped
from benchmark.loading import load_module

BASELINES = Path(__file__).parents[2] / "baselines"
DIRECTIONS, INCREMENTAL, LEADING, RANDOM, LEARNED = (
    load_module(BASELINES / f"{name}.py")
    for name in ("directions_sketch", "incremental_svd", "leading_sketch", "random_sketch", "learned_sketch")
)
EVERY = [DIRECTIONS, INCREMENTAL, LEADING, RANDOM, LEARNED]


def solve(method, observed, budget, seed=0, rank=2, **params):
    parts = method.solve(Problem(observed, rank=rank, budget=budget), seed=seed, device="cpu", **params).parts
    return parts["sketch"], float(parts["kept"])


def low_rank(rows=50, columns=12, rank=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, rank)) @ rng.standard_normal((rank, columns))


def images(number=8, seed=0):
    """Return matrices 12 x 10 x number of one kind: smooth, with noise, of scales that differ."""
    rng = np.random.default_rng(seed)
    places = np.linspace(0, 1, 12)
    basis = np.stack([places**power for power in range(5)], axis=1)
    matrices = [basis @ rng.standard_normal((5, 10)) + 0.05 * rng.standard_normal((12, 10)) for _ in range(number)]
    return np.stack(matrices, axis=2) * (1 + np.arange(number))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        (DIRECTIONS, {}),
        (INCREMENTAL, {}),
        (INCREMENTAL, {"solver": "scikit-learn"}),
        (LEADING, {}),
        (LEADING, {"algorithm": "gram"}),
        (LEADING, {"algorithm": "randomised"}),
    ],
)
def test_a_stream_of_lower_rank_than_the_sketch_is_kept_exactly(method, params):
    matrix = low_rank()
    found, _ = solve(method, matrix, 7, **params)
    gram = matrix.T @ matrix
    assert found.shape == (7, 12)
    np.testing.assert_allclose(found.T @ found, gram, atol=1e-10 * np.linalg.norm(gram))


@pytest.mark.parametrize("kind", ["count", "gaussian", "rows"])
def test_random_sketches_keep_the_covariance_on_average(kind):
    matrix = low_rank(rows=20, columns=5)
    grams = np.stack([own.T @ own for own in (solve(RANDOM, matrix, 4, seed, kind=kind)[0] for seed in range(600))])
    errors = grams.mean(axis=0) - matrix.T @ matrix
    assert np.abs(errors / (grams.std(axis=0) / np.sqrt(600))).max() < 4.5
    assert grams.std(axis=0).max() > 0.1 * np.linalg.norm(matrix) ** 2 / 5


def test_the_leading_sketch_of_a_stack_is_along_the_left_singular_vectors_of_its_matrices_side_by_side():
    stack = images()
    beside = np.hstack([own / np.linalg.norm(own, 2) for own in np.moveaxis(stack, 2, 0)])
    left, values, _ = np.linalg.svd(beside)
    for algorithm in ("svd", "gram"):
        found, _ = solve(LEADING, stack, 4, algorithm=algorithm)
        np.testing.assert_allclose(np.abs(found @ left[:, :4]), np.diag(values[:4]), atol=1e-8)


def test_a_few_eigenvectors_of_a_large_gram_matrix_are_its_leading_ones():
    matrix = np.random.default_rng(7).standard_normal((40, 300)) * 0.9 ** np.arange(40)[:, None]
    found, _ = solve(LEADING, matrix, 5, algorithm="gram")
    _, values, right = np.linalg.svd(matrix, full_matrices=False)
    np.testing.assert_allclose(found.T @ found, (right[:5].T * values[:5] ** 2) @ right[:5], atol=1e-8)


@pytest.mark.parametrize(("method", "kept"), [(DIRECTIONS, 2 * 6 * 12), (INCREMENTAL, 2 * 6 * 12), (RANDOM, 6 * 12)])
def test_numbers_that_are_kept_of_a_stream_do_not_grow_with_it(method, kept):
    assert [solve(method, low_rank(rows), 6)[1] for rows in (50, 500)] == [kept, kept]


def test_numbers_that_exact_sketches_keep():
    wanted = {"svd": 50 * 12, "gram": 12 * 12, "randomised": (50 + 12) * 16}
    assert {name: solve(LEADING, low_rank(), 6, algorithm=name)[1] for name in wanted} == wanted


def test_equal_singular_values_are_lowered_to_zero_and_not_below():
    """Rounding of equal squares must not leave the root of a negative number."""
    for value in np.random.default_rng(0).random(200):
        np.testing.assert_allclose(lowered(value * np.eye(5, 8), 4), 0, atol=1e-7)


def test_the_loss_of_the_learned_sketch_is_the_error_of_the_approximation_and_its_gradient_that_of_differences():
    rng = np.random.default_rng(6)
    S, A = rng.standard_normal((4, 9)), rng.standard_normal((9, 7))

    def value(S):
        right = np.linalg.svd(S @ A, full_matrices=False)[2]
        left, values, inner = np.linalg.svd(A @ right.T, full_matrices=False)
        return np.linalg.norm(A - (left[:, :2] * values[:2]) @ inner[:2] @ right) ** 2

    own = torch.tensor(S, requires_grad=True)
    loss = LEARNED.loss(own, torch.tensor(A), 2)
    assert loss.item() == pytest.approx(value(S))
    loss.backward()
    for place in [(0, 0), (1, 4), (3, 8)]:
        step = np.zeros_like(S)
        step[place] = 1e-5
        assert own.grad[place].item() == pytest.approx((value(S + step) - value(S - step)) / 2e-5, rel=1e-5)


def mean_error(sketch, stack, rank=2):
    matrices = np.moveaxis(stack, 2, 0)
    matrices = matrices / np.linalg.norm(matrices, 2, axis=(1, 2), keepdims=True)
    return np.array([LEARNED.loss(torch.tensor(sketch), torch.tensor(own), rank).item() for own in matrices])


def test_a_learned_sketch_has_the_places_of_a_random_one_and_less_error_on_other_matrices():
    others = images(seed=1)
    best = mean_error(np.eye(12), others).mean()
    for seed in range(2):
        found, start = (solve(LEARNED, images(), 5, seed, iterations=number)[0] for number in (150, 0))
        np.testing.assert_array_equal((found != 0).sum(axis=0), 1)
        np.testing.assert_array_equal(found != 0, start != 0)
        assert mean_error(found, others).mean() - best < 0.8 * (mean_error(start, others).mean() - best)


def test_a_mixed_sketch_is_no_worse_than_its_random_half_on_any_matrix():
    rng = np.random.default_rng(7)
    found, _ = solve(LEARNED, images(), 8, learned=0.5, iterations=100)
    np.testing.assert_array_equal((found != 0).sum(axis=0), 2)
    np.testing.assert_array_equal(np.abs(found[4:]).sum(axis=0), 1)
    for other in (images(seed=2), rng.standard_normal((12, 10, 5))):
        assert (mean_error(found, other) <= mean_error(found[4:], other) + 1e-12).all()
        assert (mean_error(found, other) <= mean_error(found[:4], other) + 1e-12).all()


def test_too_few_learned_rows_and_a_single_matrix_are_refused():
    with pytest.raises(ValueError, match="1 of 4 rows are learned, for the rank 2: give a larger share or budget"):
        solve(LEARNED, images(), 4, learned=0.25)
    with pytest.raises(Skipped, match="learned_sketch needs the matrices of a stack, and this is a single one"):
        solve(LEARNED, low_rank(), 4)


@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.__name__)
def test_a_size_that_no_sketch_has_is_refused_and_one_that_is_not_told_skipped(method):
    with pytest.raises(Skipped, match="needs the size of the sketch, and this problem tells no budget"):
        solve(method, images(), None)
    for budget in (1, 13):
        with pytest.raises(ValueError, match=rf"a sketch of {budget} rows for the rank 2: give a budget of 2 to 12"):
            solve(method, images(), budget)
