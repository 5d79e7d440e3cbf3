"""Crops of cubes and images, and entries at equal distances, are those that are asked for."""

import numpy as np
import pytest

from benchmark.loaders.cubes import centre, cropped, spread, thinned

CUBE = np.random.default_rng(0).integers(0, 2**16, size=(7, 5, 3), dtype=np.uint16)


def test_a_crop_is_central_and_keeps_the_first_bands():
    np.testing.assert_array_equal(cropped(CUBE, size=3, bands=2), CUBE[2:5, 1:4, :2])
    np.testing.assert_array_equal(cropped(CUBE), CUBE)


@pytest.mark.parametrize(
    ("size", "bands", "complaint"),
    [
        (6, None, "a crop of 6 x 6 pixels does not fit into 7 x 5"),
        (0, None, "a crop of 0 x 0 pixels"),
        (None, 4, "4 bands of a cube that has 3"),
        (None, -1, "-1 bands"),
    ],
)
def test_a_crop_that_does_not_fit_is_refused(size, bands, complaint):
    with pytest.raises(ValueError, match=complaint):
        cropped(CUBE, size, bands)


def test_entries_at_equal_distances_include_the_first_and_the_last():
    np.testing.assert_array_equal(spread(10, 4), [0, 3, 6, 9])
    np.testing.assert_array_equal(spread(4), [0, 1, 2, 3])
    np.testing.assert_array_equal(spread(4, 1), [0])
    for number in (0, 5):
        with pytest.raises(ValueError, match=f"{number} of 4 images; give 1 to 4"):
            spread(4, number)


def test_the_centre_of_an_image_is_kept():
    np.testing.assert_array_equal(centre(CUBE, 3), CUBE[2:5, 1:4])
    assert centre(CUBE, None) is CUBE


def test_thinning_keeps_the_first_entry_and_each_nth_after_it():
    np.testing.assert_array_equal(thinned(CUBE, 2), CUBE[..., ::2])
    np.testing.assert_array_equal(thinned(CUBE, 3, axis=0), CUBE[::3])


@pytest.mark.parametrize("every", [0, -2])
def test_thinning_by_less_than_one_is_refused(every):
    with pytest.raises(ValueError, match=f"every is {every}; give 1"):
        thinned(CUBE, every)
