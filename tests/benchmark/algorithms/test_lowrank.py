import numpy as np
import pytest

from benchmark.algorithms.lowrank import fold, frobenius_shrinkage, right_singular, unfold
from benchmark.contract import compose


def test_unfolding_makes_spectra_rows():
    cube = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(unfold(cube)[4], cube[1, 1])
    assert unfold(cube).dtype == np.float64


def test_folded_factors_compose_to_the_folded_product():
    rng = np.random.default_rng(0)
    left, right = rng.random((15, 2)), rng.random((4, 2))
    np.testing.assert_allclose(compose(fold(left, right, (5, 3, 4))), (left @ right.T).reshape(5, 3, 4))


@pytest.mark.parametrize("shape", [(300, 8), (8, 300), (20, 20)])
def test_singular_values_and_vectors_are_those_of_the_matrix(shape):
    matrix = np.random.default_rng(1).standard_normal(shape)
    values, right = right_singular(matrix)
    np.testing.assert_allclose(values, np.linalg.svd(matrix, compute_uv=False), rtol=1e-12)
    np.testing.assert_allclose(right.T @ right, np.eye(len(values)), atol=1e-12)
    left = matrix @ right
    np.testing.assert_allclose(left.T @ left, np.diag(values**2), atol=1e-10)


def test_singular_values_far_below_the_largest_are_accurate():
    rng = np.random.default_rng(2)
    left, right = (np.linalg.qr(rng.standard_normal((size, 3)))[0] for size in (500, 10))
    expected = np.array([1.0, 1e-5, 1e-10])
    # The eigenvalues of the Gram matrix would lose the last one, whose square is below the rounding error.
    np.testing.assert_allclose(right_singular(left * expected @ right.T)[0][:3], expected, rtol=1e-4)


def test_shrinkage_equals_hand_computed_values():
    # 4 x 1, sigma = 1: the edge is 2 + 1 = 3; s = 5 gives sqrt((25 - 5)^2 - 16) / 5.
    np.testing.assert_allclose(frobenius_shrinkage(np.array([5.0, 3.0, 1.0]), 1.0, (4, 1)), [np.sqrt(384) / 5, 0, 0])
    # Square, n = 100, sigma = 0.1: s = sqrt(8) shrinks to sqrt(8 - 4), as sqrt(s^2 - 4 n sigma^2).
    np.testing.assert_allclose(frobenius_shrinkage(np.array([np.sqrt(8.0)]), 0.1, (100, 100)), [2.0])


def test_shrinkage_ignores_the_orientation_and_tends_to_the_identity():
    values = np.linspace(0, 100, 201)
    tall, wide = (frobenius_shrinkage(values, 1.0, shape) for shape in ((50, 20), (20, 50)))
    np.testing.assert_array_equal(tall, wide)
    assert np.all(tall <= values)
    assert np.all(tall[values > np.sqrt(50) + np.sqrt(20)] > 0)
    assert np.all(tall[values < np.sqrt(50) + np.sqrt(20)] == 0)
    np.testing.assert_array_equal(frobenius_shrinkage(values, 0.0, (50, 20)), values)
