import itertools

import numpy as np
import pytest

from benchmark.algorithms.graph_cut import Grid

# All labellings of 3 x 4 pixels.
ALL = np.array(list(itertools.product([False, True], repeat=12))).reshape(-1, 3, 4)


def energy(labels: np.ndarray, costs: np.ndarray, smoothness: float) -> np.ndarray:
    """Return the cost of labellings (..., h, w)."""
    edges = sum(np.sum(np.diff(labels, axis=axis), axis=(-2, -1)) for axis in (-2, -1))
    return np.sum(labels * costs, axis=(-2, -1)) + smoothness * edges


@pytest.mark.parametrize("scale", [0.02, 0.3, 1.0, 100.0])
def test_a_cut_is_the_cheapest_of_all_labellings(scale):
    kinds = set()
    for seed in range(50):
        rng = np.random.default_rng(seed)
        costs, smoothness = rng.standard_normal((3, 4)), scale * rng.random()
        labels = Grid(3, 4).cheapest(costs, smoothness)
        assert energy(labels, costs, smoothness) == pytest.approx(energy(ALL, costs, smoothness).min(), abs=1e-4)
        kinds.add(int(labels.sum()))
    assert len(kinds) > 1 or scale == 100


def test_without_smoothness_each_pixel_decides_for_itself():
    costs = np.random.default_rng(0).standard_normal((5, 7))
    np.testing.assert_array_equal(Grid(5, 7).cheapest(costs, 0), costs < 0)


def test_with_much_of_it_all_are_one():
    costs = np.random.default_rng(0).standard_normal((5, 7))
    for sign in (-1, 1):
        labels = Grid(5, 7).cheapest(costs - costs.mean() + 0.1 * sign, 1e3)
        assert (labels == (sign < 0)).all()


def test_ends_of_a_row_are_no_neighbours():
    costs = np.full((3, 6), 1.0)
    costs[0, -1], costs[1, 0] = -1.9, -1.9
    # If these two touched, six edges would be 6 * 0.5 < 3.8.
    assert not Grid(3, 6).cheapest(costs, 1.0).any()


def test_a_cut_does_not_know_the_scale():
    costs = np.random.default_rng(1).standard_normal((20, 30))
    labels = Grid(20, 30).cheapest(costs, 0.4)
    assert 0.2 < labels.mean() < 0.8
    for scale in (1e-9, 1e9):
        np.testing.assert_array_equal(Grid(20, 30).cheapest(scale * costs, scale * 0.4), labels)
