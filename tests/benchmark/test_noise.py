import numpy as np
import pytest

from benchmark.metrics import psnr
from benchmark.noise import BandGaussian, Gaussian, Poisson, Rician, SaltAndPepper, Skewed

DRAWS = 400_000
UNBIASED = [Gaussian(0.1), Poisson(100), Poisson(100, readout=2), Poisson(5, readout=1)]
MODELS = [*UNBIASED, BandGaussian(0.1, 0.3), Rician(0.1), SaltAndPepper(0.3), Skewed(0.3, 0.3)]


@pytest.mark.parametrize("intensity", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("model", UNBIASED, ids=repr)
def test_draws_have_the_mean_of_the_signal_and_the_stated_variance(model, intensity):
    draws = model.sample(np.full(DRAWS, intensity), np.random.default_rng(0))
    variance = float(model.variance(intensity))
    # Five standard errors of the mean, and as a variance scatters by at most 0.5 % here, 2 %.
    assert draws.mean() == pytest.approx(intensity, abs=5 * np.sqrt(variance / DRAWS))
    assert draws.var() == pytest.approx(variance, rel=0.02)


def test_each_band_has_noise_of_a_level_of_its_own_which_a_method_can_be_told():
    noise = BandGaussian(0.1, 0.3)
    draws = noise.sample(np.zeros((300, 300, 5)), np.random.default_rng(0))
    levels = np.sqrt(noise.variance(np.zeros(5)))
    np.testing.assert_allclose(draws.std(axis=(0, 1)), levels, rtol=0.02)
    assert 0.1 <= levels.min() < levels.max() - 0.02 <= 0.28
    np.testing.assert_array_equal(noise.variance(np.zeros((4, 3, 5)))[2, 1], levels**2)
    assert BandGaussian(0.1, 0.3, seed=1).sigmas(5)[0] != noise.sigmas(5)[0]


def test_input_psnr_of_poisson_noise_follows_from_the_mean_signal():
    clean = np.random.default_rng(1).random((100, 100, 20))
    observed = Poisson(100, readout=2).sample(clean, np.random.default_rng(2))
    expected = -10 * np.log10(clean.mean() / 100 + 2**2 / 100**2)
    assert psnr(clean, observed, 1.0) == pytest.approx(expected, abs=0.05)


def test_photon_noise_without_readout_counts_whole_photons():
    observed = Poisson(20).sample(np.full(1000, 0.3), np.random.default_rng(3))
    np.testing.assert_allclose(20 * observed, np.round(20 * observed))
    assert len(np.unique(observed)) > 5


def test_photons_cannot_be_counted_where_the_signal_is_negative():
    with pytest.raises(ValueError, match="where the signal is negative: choose noise of another model"):
        Poisson(20).sample(np.array([0.5, -0.1]), np.random.default_rng(3))


def test_darkness_has_readout_noise_only():
    dark = np.zeros(DRAWS)
    assert not Poisson(50).sample(dark, np.random.default_rng(4)).any()
    draws = Poisson(50, readout=3).sample(dark, np.random.default_rng(4))
    assert draws.std() == pytest.approx(3 / 50, rel=0.01)
    assert draws.min() < 0  # read-out noise is not clipped


def test_negative_mean_has_the_variance_of_darkness():
    assert Poisson(50, readout=3).variance(np.array([-0.5])) == pytest.approx((3 / 50) ** 2)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_seed_decides_the_draw(model):
    clean = np.full((8, 6), 0.5)
    first, again, other = (model.sample(clean, np.random.default_rng(seed)) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_rician_noise_is_the_magnitude_of_a_complex_signal():
    draws = Rician(0.3).sample(np.zeros(DRAWS), np.random.default_rng(5))
    assert draws.mean() == pytest.approx(0.3 * np.sqrt(np.pi / 2), rel=0.01)  # Rayleigh's law in the dark
    bright = Rician(0.02).sample(np.ones(DRAWS), np.random.default_rng(6))
    assert bright.var() == pytest.approx(Rician(0.02).variance(np.ones(1))[0], rel=0.02)


def test_salt_and_pepper_replaces_its_share_evenly_and_keeps_the_rest_exactly():
    clean = np.full(DRAWS, 0.4)
    draws = SaltAndPepper(0.3).sample(clean, np.random.default_rng(7))
    assert [np.mean(draws == value) for value in (0, 1, 0.4)] == pytest.approx([0.15, 0.15, 0.7], abs=0.005)


def test_skewed_noise_has_its_bias_where_nothing_is_clipped():
    model = Skewed(gaussian=0.3, square=0.3)
    draws = model.sample(np.full(DRAWS, 2.0), np.random.default_rng(8)) - 2
    assert draws.mean() == pytest.approx(model.bias, abs=0.01)
    assert draws.var() == pytest.approx(0.3**2 + 2 * 0.3**2, rel=0.03)
    uneven = Skewed(gaussian=0.1, square=0.3).sample(np.full(DRAWS, 2.0), np.random.default_rng(8)) - 2
    assert uneven.mean() == pytest.approx(0.3, abs=0.01)
    assert uneven.var() == pytest.approx(0.1**2 + 2 * 0.3**2, rel=0.03)
    assert model.sample(np.full(DRAWS, 9.9), np.random.default_rng(8)).max() == 10
    dark = model.sample(np.zeros(DRAWS), np.random.default_rng(9))
    assert dark.min() == 0
    assert dark.mean() > model.bias  # clipping takes negative noise away
