"""What classifiers of images share, on cases known by hand."""

import numpy as np
import pytest

from benchmark.algorithms.faces import Faces, faces_of, nearest_projection
from benchmark.algorithms.proximal import shrunk_images, singular_value_threshold
from benchmark.algorithms.subspaces import nearest_subspace
from benchmark.contract import Problem


def test_images_become_rows_of_unit_norm_and_black_ones_stay():
    training, queries = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    training[:, 0] = [3, 4]
    queries[0, 1] = [0, 7]
    granted = {"training": training, "training_labels": np.array([9, 4])}
    faces = faces_of(Problem(queries, granted=granted), np.float64)
    np.testing.assert_allclose(faces.training, [[0.6, 0.8, 0, 0]] * 2)
    np.testing.assert_allclose(faces.queries, [[0, 0, 0, 1], [0, 0, 0, 0]])
    assert faces.shape == (2, 2)
    np.testing.assert_array_equal(faces.classes, [4, 9])


def test_the_nearest_class_represents_best_where_pixels_count():
    faces = Faces(np.eye(3), np.array([5, 5, 2]), np.array([[0.6, 0.0, 0.8]]), (1, 3))
    codes = np.array([[0.6, 0.0, 0.8]])
    np.testing.assert_array_equal(faces.nearest_class(codes), [2])
    np.testing.assert_array_equal(faces.nearest_class(codes, np.array([[1.0, 1.0, 0.1]])), [5])


def test_a_query_in_the_span_of_a_class_is_of_that_class():
    rng = np.random.default_rng(0)
    training, labels = rng.standard_normal((12, 40)), np.repeat([3, 1, 2], 4)
    queries = np.stack([rng.standard_normal(4) @ training[labels == name] for name in (1, 2, 3)])
    np.testing.assert_array_equal(nearest_subspace(training, labels, queries), [1, 2, 3])
    # The images of a class need not be independent.
    training[1] = training[0]
    np.testing.assert_array_equal(nearest_subspace(training, labels, queries[:2]), [1, 2])


def test_the_nearest_projection_ignores_what_is_outside_the_span():
    faces = Faces(np.array([[1.0, 0, 0], [0, 1.0, 0]]), np.array([7, 8]), np.array([[0.1, 0.3, 0.9]]), (1, 3))
    np.testing.assert_array_equal(nearest_projection(faces, np.eye(3)[:2]), [8])
    np.testing.assert_array_equal(nearest_projection(faces, np.eye(3)[:1]), [8])


@pytest.mark.parametrize("shape", [(6, 5), (5, 6)])
def test_each_image_has_its_own_singular_values_shrunk(shape):
    images = np.random.default_rng(0).standard_normal((4, *shape))
    shrunk = shrunk_images(images.reshape(4, -1), shape, 0.7).reshape(images.shape)
    expected = np.stack([singular_value_threshold(image, 0.7) for image in images])
    np.testing.assert_allclose(shrunk, expected, atol=1e-10)


def test_each_singular_value_has_its_own_threshold_in_ascending_order():
    image = np.diag([5.0, 3.0, 1.0])
    shrunk = shrunk_images(image.reshape(1, -1), (3, 3), np.array([[0.5, 2.0, 4.0]]))
    np.testing.assert_allclose(shrunk.reshape(3, 3), np.diag([1.0, 1.0, 0.5]), atol=1e-12)
    assert not shrunk_images(np.zeros((1, 9)), (3, 3), 0.5).any()
