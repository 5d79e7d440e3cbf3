"""Truncated signals have the rank that they are truncated to, are not negative, and stay near the original."""

import numpy as np
import pytest

from benchmark.contract import Item
from benchmark.loaders.truncation import at_ranks, truncated_cube, truncated_stack

BRIGHT = 1 + np.random.default_rng(0).random((9, 8, 7))
DARK = np.random.default_rng(1).exponential(size=(9, 8, 7))


@pytest.mark.parametrize("rank", [1, 2, 5, 7])
@pytest.mark.parametrize("cube", [BRIGHT, DARK], ids=["bright", "dark"])
def test_a_truncated_cube_has_the_rank_and_is_not_negative(cube, rank):
    truncated = truncated_cube(cube, rank)
    assert np.linalg.matrix_rank(truncated.reshape(-1, 7), tol=1e-9) == rank
    assert truncated.min() >= 0


def test_the_nearest_cube_of_the_rank_is_taken_where_it_is_not_negative():
    singular_values = np.linalg.svd(BRIGHT.reshape(-1, 7), compute_uv=False)
    distance = np.linalg.norm(truncated_cube(BRIGHT, 3) - BRIGHT)
    assert distance == pytest.approx(np.linalg.norm(singular_values[3:]), rel=1e-9)


def test_a_dark_cube_is_the_nearest_of_one_rank_less_moved_to_zero():
    left, values, right = np.linalg.svd(DARK.reshape(-1, 7), full_matrices=False)
    nearest = (left[:, :3] * values[:3]) @ right[:3]
    assert nearest.min() < 0
    np.testing.assert_allclose(truncated_cube(DARK, 4).reshape(-1, 7), nearest - nearest.min(), atol=1e-12)


@pytest.mark.parametrize("rank", [2, 4])
def test_no_unfolding_of_a_truncated_stack_exceeds_the_rank_and_it_is_not_negative(rank):
    truncated = truncated_stack(DARK, rank)
    assert truncated.min() == 0
    for axis in range(3):
        unfolded = np.moveaxis(truncated, axis, 0).reshape(DARK.shape[axis], -1)
        assert np.linalg.matrix_rank(unfolded, tol=1e-9) == rank


def test_a_stack_of_the_rank_less_the_constant_is_fitted_up_to_an_offset():
    rng = np.random.default_rng(2)
    stack = np.einsum("ir,jr,kr->ijk", *(rng.standard_normal((size, 2)) for size in (9, 8, 7)))
    difference = truncated_stack(stack, 3) - stack
    assert np.std(difference) < 0.02 * np.std(stack)
    assert difference.mean() > np.std(stack)


def test_a_truncated_stack_is_the_same_each_time_and_needs_two_terms():
    np.testing.assert_array_equal(truncated_stack(DARK, 3), truncated_stack(DARK, 3))
    with pytest.raises(ValueError, match="give at least 2"):
        truncated_stack(DARK, 1)


def test_an_item_comes_once_for_each_rank_with_the_same_signal():
    item = Item("scene", BRIGHT, rank=20)
    first, second = at_ranks(item, [1, 30])
    assert (first.name, first.rank, second.name, second.rank) == ("rank-1", 1, "rank-30", 30)
    assert first.signal is second.signal is BRIGHT
    assert at_ranks(item, ()) == [item]
