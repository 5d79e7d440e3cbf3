import numpy as np
import pytest

from benchmark.algorithms.proximal import singular_value_threshold
from benchmark.algorithms.randomised_svt import sketched_basis, thresholded, warm_threshold


def of_rank(rank: int, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((shape[0], rank)) @ rng.standard_normal((rank, shape[1]))


@pytest.mark.parametrize("shape", [(80, 50), (50, 80)])
@pytest.mark.parametrize("size", [6, 20])
def test_a_sketch_of_as_many_columns_as_the_rank_is_exact(shape, size):
    rng = np.random.default_rng(0)
    matrix = of_rank(6, shape, rng)
    left, right = thresholded(matrix, 20.0, sketched_basis(matrix, rng.standard_normal((shape[1], size)), 1))
    expected = singular_value_threshold(matrix, 20.0)
    np.testing.assert_allclose(left @ right.T, expected, atol=1e-10)
    assert 0 < right.shape[1] <= 6
    assert np.linalg.norm(expected) > 10


@pytest.mark.parametrize("rank", [0, 3, 40])
def test_the_first_step_of_a_loop_finds_the_rank_by_itself(rank):
    matrix = of_rank(rank, (80, 60), np.random.default_rng(1)) if rank else np.zeros((80, 60))
    found = warm_threshold(0)(matrix, 1.0)
    np.testing.assert_allclose(found, singular_value_threshold(matrix, 1.0), atol=1e-9)


def test_a_warm_start_is_no_worse_than_a_cold_one():
    rng = np.random.default_rng(2)
    left, right = (np.linalg.qr(rng.standard_normal((size, 60)))[0] for size in (100, 60))
    matrix = left * (10 * 0.93 ** np.arange(60)) @ right.T
    warm, errors = warm_threshold(0), []
    for step in range(6):
        own = matrix + 0.01 * step * rng.standard_normal(matrix.shape)
        exact = singular_value_threshold(own, 3.0)
        errors.append([np.linalg.norm(method(own, 3.0) - exact) for method in (warm, warm_threshold(1))])
    warm_errors, cold_errors = np.array(errors[1:]).T
    assert (warm_errors < cold_errors).all()
    assert warm_errors.max() < 1e-2 * np.linalg.norm(exact)


def test_a_rank_that_jumps_is_followed():
    rng = np.random.default_rng(3)
    warm = warm_threshold(0)
    warm(of_rank(2, (80, 60), rng), 1.0)
    grown = of_rank(35, (80, 60), rng)
    np.testing.assert_allclose(warm(grown, 1.0), singular_value_threshold(grown, 1.0), atol=1e-9)
