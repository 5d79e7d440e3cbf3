import numpy as np
import pytest

from benchmark.samples import as_rows, check_rank


def test_images_become_rows_in_double_precision():
    images = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    rows = as_rows(images)
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows, [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]])


def test_rows_of_strided_samples_are_contiguous():
    strided = np.arange(12.0).reshape(3, 4).T
    assert as_rows(strided).flags.c_contiguous
    np.testing.assert_array_equal(as_rows(strided), strided)


def test_rank_is_checked_against_the_limit_of_the_method():
    check_rank(3, 3, np.ones((4, 5)))
    with pytest.raises(ValueError, match="rank 4 for 4 samples of 5 features: give 1 to 3"):
        check_rank(4, 3, np.ones((4, 5)))
    with pytest.raises(ValueError, match="1 samples of 5 features are too few"):
        check_rank(1, 0, np.ones((1, 5)))
