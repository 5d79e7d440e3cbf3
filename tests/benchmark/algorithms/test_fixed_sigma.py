import numpy as np

from benchmark.algorithms.fixed_sigma import StackDenoiser, at_unit_noise, band_by_band, denoise_stack, estimated_sigmas
from benchmark.contract import Problem
from benchmark.noise import Gaussian, Noise, Poisson


def denoise(method: StackDenoiser, observed: np.ndarray, noise: Noise, variance: str) -> np.ndarray:
    return denoise_stack("nlm", method, Problem(observed, noise=noise), variance)


def sigmas_told(observed: np.ndarray, noise: Noise, variance: str) -> list[float]:
    told = []
    denoise(band_by_band(lambda band, sigma: told.append(sigma) or band), observed, noise, variance)
    return told


def test_matched_tells_the_root_of_the_mean_variance_of_each_band():
    observed = np.stack([np.full((4, 5), 0.25), np.linspace(0, 2, 20).reshape(4, 5)], axis=2)
    expected = np.sqrt([0.25 / 100 + 0.02**2, 1 / 100 + 0.02**2])
    np.testing.assert_allclose(sigmas_told(observed, Poisson(photons=100, readout=2), "matched"), expected)
    np.testing.assert_allclose(sigmas_told(observed, Gaussian(0.3), "matched"), 0.3)


def test_the_estimated_level_is_that_of_the_noise_and_not_of_the_image():
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.linspace(0, 1, 120), np.linspace(0, 1, 121))
    observed = ramp[..., None] + np.array([0.05, 0.2]) * rng.standard_normal((120, 121, 2))
    # 3600 coefficients a band: their median has a relative standard deviation of two percent.
    np.testing.assert_allclose(estimated_sigmas(observed), [0.05, 0.2], rtol=0.06)
    told = []
    problem = Problem(observed)
    denoise_stack("nlm", band_by_band(lambda band, sigma: told.append(sigma) or band), problem, "estimated")
    np.testing.assert_array_equal(told, estimated_sigmas(observed))


def test_anscombe_leaves_noise_of_unit_variance():
    noise, seen = Poisson(photons=100, readout=2), []
    clean = np.full((200, 200, 2), 1.0) * [0.1, 1.0]
    observed = noise.sample(clean, np.random.default_rng(0))
    assert sigmas_told(observed, noise, "anscombe") == [1.0, 1.0]
    denoise(band_by_band(lambda band, _: seen.append(band.std()) or band), observed, noise, "anscombe")
    np.testing.assert_allclose(seen, 1, atol=0.02)  # off by a percent at 10 counts; the draw by 0.4 %


def test_mean_of_every_band_survives_the_transform_without_bias():
    noise = Poisson(photons=100, readout=2)
    clean = np.full((300, 300, 2), 1.0) * [0.05, 0.8]
    observed = noise.sample(clean, np.random.default_rng(1))
    average = band_by_band(lambda band, _: np.full_like(band, band.mean()))
    # A tenth of a count, as in the test of the inverse.
    np.testing.assert_allclose(denoise(average, observed, noise, "anscombe"), clean, atol=1e-3)


def test_unit_noise_is_what_the_denoiser_sees_and_is_undone():
    rng, noise, seen = np.random.default_rng(2), Poisson(photons=50), []
    observed = noise.sample(np.full((100, 100, 3), 1.0) * [0.1, 0.5, 2.0], rng)
    method = at_unit_noise(lambda stack: seen.append(stack) or stack)
    np.testing.assert_allclose(denoise(method, observed, noise, "matched"), observed, rtol=1e-12)
    np.testing.assert_allclose(seen[0].std(axis=(0, 1)), 1, atol=0.03)  # four standard errors of the draw


def test_black_band_without_noise_is_no_division_by_zero():
    observed = np.stack([np.zeros((3, 4)), np.ones((3, 4))], axis=2)
    method = at_unit_noise(lambda stack: stack + 1)
    result = denoise(method, observed, Poisson(photons=100), "matched")
    np.testing.assert_allclose(result, np.ones((3, 4, 2)) * [1.0, 1.1])


def test_matrix_is_one_band():
    observed = np.random.default_rng(3).random((6, 5)).astype(np.float32)
    result = denoise(band_by_band(lambda band, sigma: band + sigma), observed, Gaussian(0.5), "matched")
    np.testing.assert_allclose(result, observed + 0.5, rtol=1e-6)
