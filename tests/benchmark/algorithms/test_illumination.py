import numpy as np
import pytest

from benchmark.algorithms.illumination import group_threshold, separate, weights_of
from benchmark.algorithms.motion import light_and_reflectance
from benchmark.algorithms.robust_pca import pursue_matrix


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def matrix(rng):
    """Return a matrix of rank 2 with gross errors, beyond what is recovered exactly."""
    low_rank = rng.random((80, 2)) @ rng.random((2, 20)) / 2
    return np.where(rng.random((80, 20)) < 0.25, rng.random((80, 20)), low_rank)


def test_one_map_without_light_is_pcp(matrix):
    expected, steps = pursue_matrix(matrix, 1e-9, 400)
    low_rank, sparse, change, done = separate(matrix[None], 1 / np.sqrt(80), None, 1.0, 1e-9, 400)
    np.testing.assert_allclose(low_rank[0], expected, atol=1e-6)
    np.testing.assert_allclose(low_rank + sparse, matrix[None], atol=1e-6)
    assert done == steps
    assert not change.any()
    assert np.linalg.norm(matrix - expected) > 0.1 * np.linalg.norm(matrix)


def test_a_light_that_costs_much_is_none(matrix):
    without = separate(matrix[None], 1 / np.sqrt(80), None, 0.3, 1e-6, 100)
    dear = separate(matrix[None], 1 / np.sqrt(80), 1e12, 0.3, 1e-6, 100)
    np.testing.assert_allclose(dear[0], without[0], atol=1e-4)
    assert np.abs(dear[2]).max() < 1e-4


def test_the_parts_add_up_and_are_of_their_kinds(matrix, rng):
    tensor = np.stack([matrix, rng.random((80, 20))])
    low_rank, sparse, change, _ = separate(tensor, 0.1, 0.05, 0.3, 1e-7, 300)
    np.testing.assert_allclose(low_rank + sparse + change, tensor, atol=1e-5)
    for part in (low_rank, sparse, change):
        assert np.linalg.norm(part) > 0.02 * np.linalg.norm(tensor)
    zero = ~sparse.any(axis=0)
    assert 0.05 < zero.mean() < 0.99
    np.testing.assert_array_equal((sparse == 0).all(axis=0), zero)


def test_what_shows_in_both_maps_stands_out_more_than_what_shows_in_one():
    tensor = np.ones((2, 60, 12)) * np.linspace(0.3, 0.8, 60)[:, None]
    tensor[0, 5:10, 3] += 0.4
    tensor[:, 30:35, 7] += 0.4
    _, sparse, _, _ = separate(tensor, 1 / np.sqrt(120), None, 1.0)
    strength = np.linalg.norm(sparse, axis=0)
    assert strength[30:35, 7].min() > 1.2 * strength[5:10, 3].max() > 0.1


def test_a_dense_change_of_a_frame_goes_to_the_light():
    rng = np.random.default_rng(1)
    still = np.repeat(rng.random((400, 1)), 20, axis=1)
    shaded = still.copy()
    shaded[:200, 11] *= 0.9
    shaded[300:306, 4] += 0.5
    _, sparse, change, _ = separate(shaded[None], 1 / np.sqrt(400), 0.002, 0.3, 1e-6, 300)
    assert np.mean(np.abs(change[0, :200, 11]) > 1e-3) > 0.5
    assert np.linalg.norm(change[0, :200, 11]) > 3 * np.linalg.norm(sparse[0, :200, 11])


def test_vectors_are_shortened():
    tensor = np.array([[3.0, 0.3, 0.0], [4.0, 0.4, 0.0]])[..., None]
    np.testing.assert_allclose(group_threshold(tensor, 1.0)[..., 0], [[2.4, 0, 0], [3.2, 0, 0]])


def test_a_dark_video_has_no_parts():
    assert not any(part.any() for part in separate(np.zeros((2, 6, 4)), 0.1, 0.2, 0.3)[:3])


def test_the_reflectance_does_not_know_of_smooth_light(rng):
    scene = 0.3 + 0.6 * rng.random((40, 50, 1))
    light = np.exp(np.linspace(-1, 1, 5)) * (1 + 0.5 * np.linspace(-1, 1, 50)[:, None])
    smooth, reflectance = light_and_reflectance(100 * scene * light)  # where 0.02 is nothing
    np.testing.assert_allclose(np.exp(smooth + reflectance) - 0.02, 100 * scene * light, rtol=1e-10)
    inside = reflectance[:, 20:-20]
    assert np.ptp(inside, axis=2).max() < 0.01 * inside.std()


def test_it_costs_less_to_move_where_the_reflectance_changes(rng):
    reflectance = 0.01 * rng.standard_normal((30, 30, 9))
    reflectance[10:20, 10:20, 4] += 0.5
    weights = weights_of(reflectance)
    assert weights.max() <= 3
    assert (weights[12:18, 12:18, 4] == 0.35).all()
    assert np.median(weights) > 1
