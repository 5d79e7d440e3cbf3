"""Observations through operators: what is measured, where the noise goes, and what methods may know of it."""

import numpy as np
import pytest

from benchmark.measure import known_noise, observe, operator_from
from benchmark.noise import Poisson, SaltAndPepper

VIDEO = {
    "model": "poisson",
    "photons": 1e6,
    "operator": {"kind": "coded_exposure", "frames": 4},
    "noise_on": "signal",
}
SCAN = {"model": "poisson", "photons": 50, "operator": {"kind": "radon", "angles": 6}, "noise_on": "measurements"}


@pytest.fixture
def clean():
    return np.random.default_rng(0).random((9, 9, 8))


def test_without_an_operator_the_signal_itself_is_observed(clean):
    arrays = observe({"model": "gaussian", "sigma": 0.0}, clean, np.random.default_rng(1))
    assert list(arrays) == ["observed"]
    np.testing.assert_array_equal(arrays["observed"], clean)
    assert operator_from({"model": "gaussian", "sigma": 0.0}, {}, clean.shape) is None


def test_coded_exposure_measures_each_pixel_in_one_frame_of_each_group(clean):
    arrays = observe(VIDEO, clean, np.random.default_rng(1))
    assert arrays["observed"].shape == (9, 9, 2)
    np.testing.assert_array_equal(arrays["code"].reshape(9, 9, 2, 4).sum(axis=3), 1)
    sampled = (arrays["code"] * clean).reshape(9, 9, 2, 4).sum(axis=3)
    np.testing.assert_allclose(arrays["observed"], sampled, atol=0.006)  # six standard deviations at a million photons


def test_the_operator_of_the_stored_arrays_is_the_one_that_measured(clean):
    arrays = observe(VIDEO | {"photons": 1e12}, clean, np.random.default_rng(1))
    observed = arrays.pop("observed")
    np.testing.assert_allclose(operator_from(VIDEO, arrays, clean.shape)(clean), observed, atol=1e-5)


def test_noise_on_the_measurements_has_their_variance(clean):
    exact = operator_from(SCAN, {"angles": np.arange(0, 180, 30.0)}, clean.shape)(clean)
    draws = [observe(SCAN, clean, np.random.default_rng(seed))["observed"] for seed in range(200)]
    assert np.mean(np.var(draws, axis=0)) == pytest.approx(np.mean(exact) / 50, rel=0.05)
    np.testing.assert_allclose(np.mean(draws), np.mean(exact), rtol=0.01)


def test_angles_leave_out_the_end_that_sees_what_the_start_sees(clean):
    np.testing.assert_allclose(observe(SCAN, clean, np.random.default_rng(0))["angles"], [0, 30, 60, 90, 120, 150])


def test_the_noise_model_is_granted_where_it_is_that_of_the_measurements():
    assert known_noise(SCAN) == Poisson(50)
    assert known_noise(VIDEO) == Poisson(1e6)  # each measurement is one voxel
    assert known_noise(SCAN | {"noise_on": "signal"}) is None
    assert known_noise({"model": "salt_and_pepper", "density": 0.3}) == SaltAndPepper(0.3)
