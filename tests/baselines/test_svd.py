from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD

from benchmark.contract import Problem, Skipped, compose
from benchmark.loading import load_module

BASELINES = Path(__file__).parents[2] / "baselines"


def factors(name: str, signal: np.ndarray, rank: int, **params) -> tuple[np.ndarray, np.ndarray]:
    problem = Problem(observed=signal, rank=rank)
    return load_module(BASELINES / f"{name}.py").solve(problem, seed=0, device="cpu", **params).factors


def test_no_nearby_factors_of_the_rank_fit_better_than_the_svd():
    rng = np.random.default_rng(0)
    observed = rng.standard_normal((20, 15, 8))
    left, right = factors("svd", observed, 3)
    error = np.linalg.norm(observed - compose((left, right)))
    for size in (1e-3, 1e-2, 1e-1):
        for _ in range(20):
            moved = (left + size * rng.standard_normal(left.shape), right + size * rng.standard_normal(right.shape))
            assert np.linalg.norm(observed - compose(moved)) > error


@pytest.mark.parametrize("shape", [(9, 7, 12), (40, 12), (12, 40)])
def test_svd_equals_that_of_scikit_learn(shape):
    observed = np.random.default_rng(1).standard_normal(shape)
    matrix = observed.reshape(-1, shape[-1])
    reference = TruncatedSVD(4, algorithm="arpack", random_state=0)
    expected = reference.inverse_transform(reference.fit_transform(matrix)).reshape(shape)
    np.testing.assert_allclose(compose(factors("svd", observed, 4)), expected, atol=1e-10)


def test_error_of_the_svd_is_the_discarded_energy():
    observed = np.random.default_rng(2).standard_normal((30, 20))
    discarded = np.linalg.svd(observed, compute_uv=False)[5:]
    error = np.linalg.norm(observed - compose(factors("svd", observed, 5)))
    assert error == pytest.approx(np.sqrt(np.sum(discarded**2)), rel=1e-12)


def test_best_rank_recovers_a_cube_of_that_rank_exactly():
    rng = np.random.default_rng(3)
    cube = compose((rng.random((12, 9, 3)), rng.random((16, 3))))
    np.testing.assert_allclose(compose(factors("best_rank", cube, 3)), cube, atol=1e-12)
    assert np.abs(compose(factors("best_rank", cube, 2)) - cube).max() > 1e-2


def test_best_rank_has_no_limit_at_a_rank_that_no_matrix_of_the_shape_has():
    cube = np.random.default_rng(3).random((12, 9, 16))
    np.testing.assert_allclose(compose(factors("best_rank", cube, 16)), cube, atol=1e-12)
    with pytest.raises(Skipped, match="no matrix of 108 x 16 has the rank 17"):
        factors("best_rank", cube, 17)


def test_factors_have_the_layout_of_the_contract():
    left, right = factors("svd", np.random.default_rng(4).random((12, 9, 5)), 2)
    assert (left.shape, right.shape) == ((12, 9, 2), (5, 2))
    np.testing.assert_allclose(right.T @ right, np.eye(2), atol=1e-12)


@pytest.mark.parametrize("rank", [0, 6])
def test_rank_that_the_unfolding_cannot_have_is_an_error(rank):
    with pytest.raises(ValueError, match="give 1 to 5"):
        factors("svd", np.ones((12, 9, 5)), rank)


def test_extra_component_recovers_a_shifted_matrix_exactly():
    rng = np.random.default_rng(5)
    shifted = 1 + rng.standard_normal((12, 3)) @ rng.standard_normal((3, 9))
    np.testing.assert_allclose(compose(factors("svd", shifted, 3, extra=1)), shifted, atol=1e-12)
    assert np.abs(compose(factors("svd", shifted, 3)) - shifted).max() > 1e-2


def test_extra_beyond_the_largest_rank_is_an_error():
    with pytest.raises(ValueError, match="give 1 to 5"):
        factors("svd", np.ones((12, 9, 5)), 5, extra=1)
