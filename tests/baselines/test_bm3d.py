from pathlib import Path

import numpy as np
import pytest

from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise, Poisson

bm3d = pytest.importorskip("bm3d", reason="bm3d is optional: its licence allows non-commercial use only")
METHOD = load_module(Path(__file__).parents[2] / "baselines" / "bm3d.py")


def solve(observed: np.ndarray, noise: Noise, variance: str) -> np.ndarray:
    problem = Problem(observed=observed, rank=1, noise=noise)
    return METHOD.solve(problem, seed=0, device="cpu", variance=variance).signal


@pytest.mark.parametrize("variance", ["published", "matched", "anscombe"])
def test_constant_image_is_kept(variance):
    # Equal pixels are no draw of the noise: the transform is inverted at its own value, some 0.3 counts too high.
    tolerance = 0.0035 if variance == "anscombe" else 1e-3
    constant = np.full((16, 16), 0.6)
    np.testing.assert_allclose(solve(constant, Poisson(100), variance), constant, rtol=0, atol=tolerance)


def test_published_sigma_for_100_photons_is_10_of_255():
    assert METHOD.published_sigma(Poisson(photons=100, readout=2)) == 10 / 255
    assert METHOD.published_sigma(Poisson(photons=120)) == 10 / 255


def test_anscombe_beats_the_published_sigma_on_a_ramp_with_poisson_noise():
    noise = Poisson(photons=100, readout=2)
    ramp = np.broadcast_to(np.linspace(0.02, 1, 64), (64, 64))
    observed = noise.sample(ramp, np.random.default_rng(0))
    errors = {name: np.mean((solve(observed, noise, name) - ramp) ** 2) for name in ("published", "anscombe")}
    assert errors["anscombe"] < 0.5 * errors["published"] < 0.5 * np.mean((observed - ramp) ** 2)


def test_matched_sigma_is_that_of_each_band():
    noise = Poisson(photons=100)
    clean = np.full((32, 32, 2), 1.0) * [0.04, 1.0]
    observed = noise.sample(clean, np.random.default_rng(1))
    result = solve(observed, noise, "matched")
    profile = bm3d.BM3DProfile()
    profile.num_threads = 1
    for band, sigma in enumerate(np.sqrt(observed.mean(axis=(0, 1)) / 100)):
        np.testing.assert_array_equal(result[..., band], bm3d.bm3d(observed[..., band], sigma, profile))


def test_matched_takes_the_sigma_of_gaussian_noise():
    observed = 0.5 + 0.1 * np.random.default_rng(2).standard_normal((32, 32))
    result = solve(observed, Gaussian(0.1), "matched")
    assert result.std() < 0.02
    assert result.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("shape", [(8, 8), (8, 40), (1, 40, 3)])
def test_image_smaller_than_a_block_and_a_pixel_is_an_error(shape):
    with pytest.raises(ValueError, match="at least 9 x 9"):
        solve(np.ones(shape), Gaussian(0.1), "matched")
