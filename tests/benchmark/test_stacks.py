import numpy as np

from benchmark.stacks import as_stack, by_image


def test_a_matrix_is_a_stack_of_one_image():
    assert as_stack(np.ones((4, 3), np.float32)).shape == (4, 3, 1)
    assert as_stack(np.ones((4, 3), np.float32)).dtype == np.float64


def test_each_image_is_treated_alone_and_the_shape_stays():
    stack = np.arange(24.0).reshape(4, 3, 2)
    np.testing.assert_array_equal(by_image(lambda image: image - image[0, 0], stack), stack - [0.0, 1.0])
    np.testing.assert_array_equal(by_image(np.flipud, stack[..., 1]), stack[::-1, :, 1])
