"""Observations through operators: what is measured, where the noise goes, and what methods may know of it."""

import numpy as np
import pytest

from benchmark.noise import Gaussian, Poisson, SaltAndPepper
from benchmark.observation import Observation
from benchmark.operators import CodedExposure, Radon

VIDEO = Observation(Poisson(1e6), CodedExposure(4), noise_on="signal")
SCAN = Observation(Poisson(50), Radon(6))


@pytest.fixture
def clean():
    return np.random.default_rng(0).random((9, 9, 8))


def drawn(observation, clean, seed=1):
    """Return the observation of a signal, and the arrays of its operator by their own names."""
    arrays = observation.draw(clean, np.random.default_rng(seed))
    observed = arrays.pop("observed")
    assert all(name.startswith("operator/") for name in arrays)
    return observed, {name.removeprefix("operator/"): own for name, own in arrays.items()}


def test_without_operator_and_noise_the_signal_itself_is_observed_in_single_precision(clean):
    observed, arrays = drawn(Observation(), clean)
    assert arrays == {}
    assert observed.dtype == np.float32
    np.testing.assert_array_equal(observed, clean.astype(np.float32))
    assert Observation().operator_from({}) is None
    assert Observation().known_noise is None


def test_without_noise_the_measurements_are_exact(clean):
    observed, arrays = drawn(Observation(operator=Radon(6)), clean)
    np.testing.assert_allclose(observed, Observation(operator=Radon(6)).operator_from(arrays)(clean), rtol=1e-6)


def test_coded_exposure_measures_each_pixel_in_one_frame_of_each_group(clean):
    observed, arrays = drawn(VIDEO, clean)
    assert observed.shape == (9, 9, 2)
    np.testing.assert_array_equal(arrays["code"].reshape(9, 9, 2, 4).sum(axis=3), 1)
    sampled = (arrays["code"] * clean).reshape(9, 9, 2, 4).sum(axis=3)
    np.testing.assert_allclose(observed, sampled, atol=0.006)  # six standard deviations at a million photons


def test_codes_differ_from_draw_to_draw_and_not_by_the_noise(clean):
    codes = [drawn(VIDEO, clean, seed)[1]["code"] for seed in (1, 2)]
    assert (codes[0] != codes[1]).any()
    np.testing.assert_array_equal(drawn(Observation(None, CodedExposure(4)), clean)[1]["code"], codes[0])


@pytest.mark.parametrize("observation", [VIDEO, SCAN])
def test_the_operator_of_the_stored_arrays_is_the_one_that_measured(clean, observation):
    exact = Observation(None, observation.operator)
    observed, arrays = drawn(exact, clean)
    operator = exact.operator_from(arrays)
    assert operator.shape == clean.shape
    np.testing.assert_allclose(operator(clean), observed, atol=1e-5)


def test_noise_on_the_measurements_has_their_variance(clean):
    exact = Observation(None, Radon(6)).draw(clean, np.random.default_rng(0))["observed"]
    draws = [drawn(SCAN, clean, seed)[0] for seed in range(200)]
    assert np.mean(np.var(draws, axis=0)) == pytest.approx(np.mean(exact) / 50, rel=0.05)
    np.testing.assert_allclose(np.mean(draws), np.mean(exact), rtol=0.01)


def test_noise_on_the_signal_is_drawn_before_the_operator(clean):
    observation = Observation(Gaussian(0.1), Radon(6), noise_on="signal")
    observed, arrays = drawn(observation, clean, seed=5)
    noisy = Gaussian(0.1).sample(clean, np.random.default_rng(5))  # the angles need no draw
    np.testing.assert_allclose(observed, observation.operator_from(arrays)(noisy), rtol=1e-5)


def test_angles_leave_out_the_end_that_sees_what_the_start_sees(clean):
    np.testing.assert_allclose(drawn(SCAN, clean)[1]["angles"], [0, 30, 60, 90, 120, 150])


@pytest.mark.parametrize(
    ("observation", "known"),
    [
        (SCAN, Poisson(50)),
        (VIDEO, Poisson(1e6)),  # each measurement is one voxel
        (Observation(Poisson(50), Radon(6), noise_on="signal"), None),  # each is a sum of voxels
        (Observation(None, Radon(6)), None),
        (Observation(SaltAndPepper(0.3)), SaltAndPepper(0.3)),
        (Observation(Gaussian(0.1), noise_on="signal"), Gaussian(0.1)),
    ],
)
def test_the_noise_model_is_granted_where_it_is_that_of_the_measurements(observation, known):
    assert observation.known_noise == known
