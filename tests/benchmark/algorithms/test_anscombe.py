import numpy as np
import pytest

from benchmark.algorithms.anscombe import stabilise, unstabilise
from benchmark.noise import Gaussian, Poisson

DRAWS = 200_000


@pytest.mark.parametrize("readout", [0.0, 2.0])
@pytest.mark.parametrize("intensity", [0.05, 0.2, 0.5, 1.0])
def test_stabilised_noise_has_unit_variance_at_every_intensity(intensity, readout):
    noise = Poisson(photons=100, readout=readout)
    observed = noise.sample(np.full(DRAWS, intensity), np.random.default_rng(0))
    # The transform itself is off by some percent at 5 counts; the draw by 0.3 %.
    assert stabilise(observed, noise).var() == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("readout", [0.0, 2.0])
@pytest.mark.parametrize("intensity", [0.0, 0.02, 0.1, 0.5, 1.0])
def test_mean_of_stabilised_draws_inverts_to_the_intensity(intensity, readout):
    noise = Poisson(photons=100, readout=readout)
    observed = noise.sample(np.full(DRAWS, intensity), np.random.default_rng(1))
    # A tenth of a count; the algebraic inverse is off by a quarter.
    assert unstabilise(stabilise(observed, noise).mean(), noise) == pytest.approx(intensity, abs=1e-3)


def test_transform_equals_hand_computed_values():
    noise = Poisson(photons=8, readout=1)
    # 8 * (1/3) + 3/8 + 1 = 97/24; counts below -11/8 are clipped.
    np.testing.assert_allclose(stabilise(np.array([1 / 3, -1.0]), noise), [2 * np.sqrt(97 / 24), 0])
    series = 4 + np.sqrt(1.5) / 16 - 11 / 128 + 5 / 8 * np.sqrt(1.5) / 64 - 1 / 8
    assert unstabilise(np.array(4.0), Poisson(photons=8)) == pytest.approx(series / 8)


def test_inverse_is_zero_below_its_domain_and_rises_above():
    noise = Poisson(photons=10)
    assert unstabilise(np.array([-1.0, 0.0, 1.0, 2 * np.sqrt(3 / 8)]), noise) == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(unstabilise(np.linspace(2 * np.sqrt(3 / 8), 20, 1000), noise)) > 0)


@pytest.mark.parametrize("noise", [Gaussian(0.1), None])
def test_other_noise_than_poisson_is_an_error(noise):
    with pytest.raises(ValueError, match="stabilises Poisson noise"):
        stabilise(np.ones(3), noise)
