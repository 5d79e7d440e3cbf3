import numpy as np
import pytest

from benchmark.algorithms.completion import biases, joined, offset, residual, split
from benchmark.contract import compose


def ratings(rng: np.random.Generator, effects: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a matrix of a mean, effects of rows and columns of that size, and noise, and a mask of 40 %."""
    matrix = effects * (2 + rng.standard_normal((50, 1)) + rng.standard_normal(40)) + rng.standard_normal((50, 40))
    return matrix, rng.random(matrix.shape) < 0.4


def test_biases_minimise_their_ridge_problem():
    matrix, mask = ratings(np.random.default_rng(0), 1.0)
    rows, columns = mask.nonzero()
    design = np.zeros((len(rows), 90))
    design[np.arange(len(rows)), rows] = design[np.arange(len(rows)), 50 + columns] = 1
    mean = matrix[mask].mean()
    solution = np.linalg.solve(design.T @ design + 5 * np.eye(90), design.T @ (matrix[mask] - mean))
    expected = mean + solution[:50, None] + solution[50:]
    np.testing.assert_allclose(compose(biases(matrix, mask, 5.0, 200)), expected, atol=1e-10)


def test_without_ridge_and_rows_biases_are_the_means_of_columns_and_an_empty_one_has_none():
    matrix, mask = ratings(np.random.default_rng(1), 1.0)
    mask[:, 3] = False
    _, right = biases(matrix, mask, ridge=0.0, sweeps=1)
    for column in (0, 7):
        expected = matrix[mask[:, column], column].mean() - matrix[mask].mean()
        assert right[column, 1] == pytest.approx(expected)
    assert right[3, 1] == 0


def test_what_is_taken_off_is_what_there_is():
    rng = np.random.default_rng(2)
    matrix, mask = ratings(rng, 1.0)
    np.testing.assert_allclose(compose(offset(matrix, mask)), compose(biases(matrix, mask)))
    shifted = 2 + rng.standard_normal(matrix.shape)
    np.testing.assert_allclose(compose(offset(shifted, mask)), shifted[mask].mean())
    assert not compose(offset(shifted - shifted[mask].mean(), mask)).any()


def test_the_residual_reads_no_other_entries():
    matrix, mask = ratings(np.random.default_rng(3), 1.0)
    values, off = residual(matrix, mask)
    np.testing.assert_allclose((values + compose(off))[mask], matrix[mask])
    assert not values[~mask].any()
    again, _ = residual(np.where(mask, matrix, np.pi), mask)
    np.testing.assert_allclose(again, values, atol=1e-12)


def test_held_out_entries_are_a_tenth_of_those_observed():
    mask = np.random.default_rng(4).random((50, 40)) < 0.4
    fitted, held = split(mask)
    np.testing.assert_array_equal(fitted | held, mask)
    assert not (fitted & held).any()
    assert held.sum() == round(0.1 * mask.sum())


def test_factors_are_joined_to_those_of_the_sum():
    rng = np.random.default_rng(5)
    one, other = ((rng.random((6, r)), rng.random((5, r))) for r in (2, 3))
    nothing = np.zeros((6, 2)), np.zeros((5, 2))
    left, right = joined(nothing, one, other)
    assert left.shape == (6, 5)
    np.testing.assert_allclose(left @ right.T, compose(one) + compose(other))
    left, right = joined(nothing)
    assert (left.shape, right.shape) == ((6, 1), (5, 1))
    assert not left.any()
