from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import solve_sylvester

from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.noise import SaltAndPepper

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "kdrsdl.py")


def solve(observed: np.ndarray, **params) -> np.ndarray:
    problem = Problem(observed=observed, rank=1, noise=SaltAndPepper(0.1))
    return METHOD.solve(problem, seed=0, device="cpu", **params).signal


def images_with_outliers(share: float, number: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return images of 30 x 24 pixels, A R_n B^T with cores of 3 x 3, and what outliers of 0 and 1 make of them."""
    rng = np.random.default_rng(0)
    stack = rng.random((30, 3)) @ rng.random((number, 3, 3)) @ rng.random((3, 24))
    clean = np.moveaxis(stack / stack.max(), 0, 2)
    return clean, SaltAndPepper(share).sample(clean, rng)


def test_parts_add_up_to_the_images():
    _, observed = images_with_outliers(0.2)
    X = np.moveaxis(observed, 2, 0)
    parts, iterations = METHOD.decompose(X, 24, 1.0, 1e-2)
    assert iterations < 150
    # What the iteration stops at: 1e-7 of the norm of each image, and of each core.
    residual = METHOD.norms(X - parts.E - parts.A @ parts.R @ parts.B.T)
    assert (residual < 1e-6 * METHOD.norms(X)).all()
    assert (METHOD.norms(parts.K - parts.R) < 1e-6 * METHOD.norms(parts.K)).all()
    assert np.count_nonzero(parts.E) < 0.9 * parts.E.size


def test_images_of_kronecker_structure_are_recovered_from_sparse_outliers():
    clean, observed = images_with_outliers(0.1, number=30)
    # The tolerance of the solver is 1e-7 of the norm. The rank leaves room for the rough factors of the first iterates.
    assert np.linalg.norm(solve(observed, rank=6) - clean) < 1e-6 * np.linalg.norm(clean)
    assert np.linalg.norm(observed - clean) > 0.1 * np.linalg.norm(clean)


def test_solution_of_the_stein_equation_is_that_of_scipy():
    rng = np.random.default_rng(1)
    left, right, C = rng.standard_normal((6, 6)), rng.standard_normal((6, 6)), rng.standard_normal((4, 6, 6))
    left, right = left @ left.T, right @ right.T
    solutions = METHOD.stein(left, right, 0.7, C)
    for R, own in zip(solutions, C, strict=True):
        np.testing.assert_allclose(R + 0.7 * left @ R @ right, own, atol=1e-10)
        # The same equation in Sylvester's form: 0.7 left R + R right^-1 = C right^-1.
        inverse = np.linalg.inv(right)
        np.testing.assert_allclose(R, solve_sylvester(0.7 * left, inverse, own @ inverse), atol=1e-8)


def test_signs_of_singular_vectors_do_not_matter(monkeypatch):
    _, observed = images_with_outliers(0.2)
    expected = solve(observed)
    rng, svd = np.random.default_rng(2), np.linalg.svd

    def with_random_signs(*args, **settings):
        left, singular_values, right = svd(*args, **settings)
        signs = rng.choice([-1.0, 1.0], singular_values.shape)
        return left * signs[:, None], singular_values, right * signs[..., None]

    monkeypatch.setattr(np.linalg, "svd", with_random_signs)
    np.testing.assert_array_equal(solve(observed), expected)
    assert expected.std() > 0.01


def test_first_factors_make_the_image_itself_of_a_single_one():
    X = np.random.default_rng(3).random((1, 9, 7))
    A, B, R = METHOD.initial(X, 7)
    np.testing.assert_allclose(A @ R[0] @ B.T, X[0], atol=1e-12)


def test_tuning_finds_the_rank_that_the_published_one_is_far_from():
    rng = np.random.default_rng(4)
    stack = rng.random((24, 4)) @ rng.random((8, 4, 4)) @ rng.random((4, 24))
    clean = np.moveaxis(stack / stack.max(), 0, 2)
    observed = SaltAndPepper(0.5).sample(clean, rng)
    published, tuned = (np.mean((solve(observed, tuned=choice) - clean) ** 2) for choice in (False, True))
    assert tuned < 0.1 * published < 0.05 * np.mean((observed - clean) ** 2)


def test_image_that_stands_for_two_is_an_image_that_is_there_twice():
    _, observed = images_with_outliers(0.2)
    X = np.moveaxis(observed, 2, 0)
    once, _ = METHOD.decompose(X, 10, 1.0, 1e-2, stands_for=2.0)
    twice, _ = METHOD.decompose(np.concatenate([X, X]), 10, 1.0, 1e-2)
    np.testing.assert_allclose(METHOD.low_rank_part(once), METHOD.low_rank_part(twice)[..., : len(X)], atol=1e-6)


@pytest.mark.parametrize("rank", [0, 25])
def test_rank_beyond_the_images_is_an_error(rank):
    with pytest.raises(ValueError, match="give 1 to 24"):
        solve(np.full((30, 24, 3), 0.5), rank=rank)
