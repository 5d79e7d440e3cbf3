from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.metrics import psnr
from benchmark.noise import BandGaussian, Gaussian, Noise

BASELINES = Path(__file__).parents[2] / "baselines"
LLRT, NGMEET, WNNM = (load_module(BASELINES / f"{name}.py") for name in ("llrt", "ngmeet", "wnnm"))
MODULES = {"llrt": LLRT, "ngmeet": NGMEET, "wnnm": WNNM}
SMALL = {
    "llrt": {"iterations": 3, "neighbours": 40},
    "ngmeet": {"iterations": 3, "neighbours": 40},
    "wnnm": {"iterations": 3},
}

each = pytest.mark.parametrize("name", MODULES)


def solve(name: str, observed: np.ndarray, noise: Noise, **params) -> np.ndarray:
    problem = Problem(observed, rank=3, noise=noise)
    return MODULES[name].solve(problem, seed=0, device="cpu", **SMALL[name] | params).signal


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    """Return a cube of rank 3 and smooth spectra, with edges and a texture that repeats."""
    rows, columns, bands = np.arange(24), np.arange(22), np.linspace(0, 1, 8)
    maps = [np.add.outer(rows, 2 * columns) > 36, np.add.outer(rows % 6 > 2, columns % 6 > 2) / 2, np.ones((24, 22))]
    spectra = [np.exp(-(((bands - centre) / 0.3) ** 2)) for centre in (0.2, 0.5, 0.9)]
    return sum(np.multiply.outer(own, spectrum) for own, spectrum in zip(maps, spectra, strict=True)) / 2.5


@pytest.fixture(scope="module")
def noisy(clean) -> np.ndarray:
    return clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape)


@each
def test_most_of_the_noise_goes(name, clean, noisy):
    result = solve(name, noisy, Gaussian(0.1))
    # The published weight of the spectral step is for spectra that are smoother than these.
    assert psnr(clean, result, 1) > psnr(clean, noisy, 1) + (4 if name == "llrt" else 9)


@each
def test_without_noise_the_observation_is_the_answer(name, clean):
    np.testing.assert_array_equal(solve(name, clean, Gaussian(0.0)), clean)


@each
def test_with_hardly_any_noise_it_is_nearly(name, clean):
    params = {"spectral": False} if name == "llrt" else {}
    assert np.abs(solve(name, clean, Gaussian(1e-6), **params) - clean).max() < 2e-5


@each
def test_nothing_but_noise_becomes_nearly_constant(name):
    noise = 0.2 * np.random.default_rng(1).standard_normal((30, 30, 8))
    iterations = {"llrt": 5, "ngmeet": 5, "wnnm": 8}[name]
    neighbours = {} if name == "wnnm" else {"neighbours": 100}
    result = solve(name, noise, Gaussian(0.2), iterations=iterations, **neighbours)
    assert np.sqrt(np.mean(result**2)) < 0.02 if name != "llrt" else 0.04


@each
def test_swapped_axes_of_the_images_swap_those_of_the_answer(name, noisy):
    result = solve(name, noisy, Gaussian(0.1))
    other = solve(name, noisy.transpose(1, 0, 2), Gaussian(0.1)).transpose(1, 0, 2)
    np.testing.assert_allclose(other, result, atol=2e-3)


def test_the_order_of_the_bands_counts_for_the_spectral_step_alone(noisy):
    order = np.random.default_rng(2).permutation(8)
    for name, params in (("ngmeet", {}), ("wnnm", {}), ("llrt", {"spectral": False})):
        result = solve(name, noisy, Gaussian(0.1), **params)
        shuffled = solve(name, noisy[..., order], Gaussian(0.1), **params)
        np.testing.assert_allclose(shuffled, result[..., order], atol=2e-3)
    smooth = solve("llrt", noisy, Gaussian(0.1))
    assert np.abs(solve("llrt", noisy[..., order], Gaussian(0.1)) - smooth[..., order]).max() > 0.02


@each
def test_levels_of_bands_are_used(name, clean):
    noise = BandGaussian(0.02, 0.3, seed=3)
    observed = noise.sample(clean, np.random.default_rng(3))
    result = solve(name, observed, noise)
    alike = solve(name, observed, Gaussian(float(np.sqrt(np.mean(noise.sigmas(8) ** 2)))))
    assert psnr(clean, result, 1) > psnr(clean, alike, 1) + (0.1 if name == "llrt" else 3)


@each
def test_an_estimated_level_needs_no_noise_model(name, clean, noisy):
    result = (
        MODULES[name].solve(Problem(noisy, rank=3), seed=0, device="cpu", variance="estimated", **SMALL[name]).signal
    )
    assert psnr(clean, result, 1) > psnr(clean, noisy, 1) + 4


@each
def test_an_image_smaller_than_a_patch_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} needs images of at least . x . pixels"):
        solve(name, np.random.default_rng(0).random((4, 20, 5)), Gaussian(0.1))


@each
@pytest.mark.parametrize("bands", [1, 2])
def test_one_or_two_bands_are_denoised_too(name, clean, bands):
    observed = clean[..., 3 : 3 + bands] + 0.1 * np.random.default_rng(4).standard_normal((24, 22, bands))
    result = solve(name, observed, Gaussian(0.1))
    assert result.shape == observed.shape
    part = clean[..., 3 : 3 + bands]
    assert psnr(part, result, 1) > psnr(part, observed, 1) + 0.8


def test_published_parameters_of_the_logged_scene():
    assert [LLRT.parameters(31, level).grid.patch for level in (5.1, 10, 30, 50)] == [6, 6, 7, 8]
    assert (LLRT.parameters(191, 30).smoothness, LLRT.parameters(80, 30).iterations) == (15, 8)
    assert [NGMEET.parameters(31, level).dimension for level in (10, 30, 50, 100)] == [8, 6, 5, 4]
    assert [(own.grid.patch, own.grid.step) for own in map(WNNM.parameters, (20, 40, 60, 100))] == [
        (6, 2),
        (7, 2),
        (8, 3),
        (9, 3),
    ]


def test_wnnm_of_bands_denoises_each_as_if_it_were_alone(noisy):
    together = solve("wnnm", noisy[..., :2], Gaussian(0.1), images="bands")
    alone = solve("wnnm", noisy[..., 1], Gaussian(0.1), images="bands")
    np.testing.assert_allclose(together[..., 1], alone, atol=1e-6)


class TestSpectralStep:
    """LLRT's step along the spectrum against answers known otherwise."""

    @pytest.fixture
    def parts(self):
        rng = np.random.default_rng(5)
        return tuple(torch.from_numpy(rng.random(shape)) for shape in ((4, 3, 6), (4, 3, 1), (4, 3, 6)))

    def step(self, sums, counts, observed, weight=0.0, power=1, **settings):
        return LLRT.smooth(sums, counts, observed, torch.tensor(1.0, dtype=torch.float64), weight, power, **settings)

    def test_without_penalty_and_fidelity_it_is_the_mean_of_the_estimates(self, parts):
        sums, counts, observed = parts
        found = self.step(100 * sums, 100 * counts + 50, observed, fidelity=0, steps=200)
        np.testing.assert_allclose(found, 100 * sums / (100 * counts + 50), atol=1e-4)

    def test_without_estimates_and_penalty_it_is_the_observation(self, parts):
        sums, counts, observed = parts
        found = self.step(0 * sums, 0 * counts, observed, fidelity=5.0, steps=300)
        np.testing.assert_allclose(found, observed, atol=1e-4)

    def test_without_penalty_it_is_the_weighted_mean_of_both(self, parts):
        sums, counts, observed = parts
        found = self.step(30 * sums, 30 * counts + 30, observed, fidelity=20.0, steps=100)
        np.testing.assert_allclose(found, (20 * observed + 30 * sums) / (50 + 30 * counts), atol=1e-6)

    def test_under_a_large_penalty_spectra_are_constant(self, parts):
        sums, counts, observed = parts
        found = self.step(100 * sums, 100 * counts + 50, observed, weight=1e6, fidelity=0, steps=300)
        mean = (100 * sums).mean(-1, keepdim=True) / (100 * counts + 50)
        np.testing.assert_allclose(found, mean.expand_as(found), atol=1e-3)

    def test_the_system_of_the_bands_is_that_of_the_fourier_transform_of_the_cube(self):
        """One step from zero: X = F^-1[kappa F(Y) / (kappa + alpha + beta |F(D)|^2)]."""
        observed = torch.from_numpy(np.random.default_rng(6).random((4, 3, 6)))
        zero = torch.zeros_like(observed)
        found = self.step(zero, zero[..., :1], observed, weight=0.1, fidelity=0.05, steps=1)
        transfer = np.abs(1 - np.exp(-2j * np.pi * np.fft.fftfreq(6))) ** 2
        expected = np.fft.ifftn(0.05 * np.fft.fftn(observed.numpy()) / (0.05 + 10 + transfer)).real
        np.testing.assert_allclose(found, expected, atol=1e-12)

    def test_a_step_from_the_last_band_to_the_first_is_one(self):
        difference = LLRT.differences(4).numpy()
        np.testing.assert_array_equal(difference @ [1.0, 2.0, 4.0, 8.0], [1, 2, 4, -7])

    @pytest.mark.parametrize("power", [1, 0.5, 0])
    def test_jumps_are_shrunk_to_the_least_of_their_objective(self, power):
        weight, grid = 0.3, np.linspace(-3, 3, 600_001)
        values = torch.tensor([-2.5, -0.3, 0.0, 0.1, 0.6, 0.9, 2.0], dtype=torch.float64)
        found = LLRT.shrink_jumps(values, torch.tensor(weight, dtype=torch.float64), power).numpy()
        penalty = weight * (np.abs(grid) ** power if power else (np.abs(grid) > 1e-9))
        expected = [grid[np.argmin((grid - value) ** 2 / 2 + penalty)] for value in values.tolist()]
        np.testing.assert_allclose(found, expected, atol=1e-4)
        assert (found == 0).any()
        assert (found != 0).any()
