from pathlib import Path

import numpy as np
import pytest

from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise, Poisson

bm4d = pytest.importorskip("bm4d", reason="bm4d is optional: its licence allows non-commercial use only")
METHOD = load_module(Path(__file__).parents[2] / "baselines" / "bm4d.py")


def solve(observed: np.ndarray, noise: Noise | None, **parameters: str) -> np.ndarray:
    problem = Problem(observed=observed, rank=1, noise=noise)
    return METHOD.solve(problem, seed=0, device="cpu", **parameters).signal


def pattern(side: int) -> np.ndarray:
    """Return an image of two levels with a slanted edge."""
    return np.where(np.add.outer(np.arange(side), 2 * np.arange(side)) > 1.5 * side, 0.8, 0.3)


@pytest.mark.parametrize("shape", [(16, 16, 8), (16, 16)])
def test_constant_volume_is_kept(shape):
    constant = np.full(shape, 0.6)
    np.testing.assert_allclose(solve(constant, Gaussian(0.1)), constant, rtol=0, atol=1e-3)


def test_bands_of_one_image_help_each_other():
    clean = np.repeat(pattern(24)[..., None], 6, axis=2)
    observed = clean + 0.2 * np.random.default_rng(0).standard_normal(clean.shape)
    together = np.mean((solve(observed, Gaussian(0.2)) - clean) ** 2)
    alone = np.mean((solve(observed[..., 0], Gaussian(0.2)) - clean[..., 0]) ** 2)
    assert together < 0.6 * alone < 0.3 * 0.2**2


def test_matched_scales_each_band_to_unit_noise():
    noise = Poisson(photons=100)
    observed = noise.sample(pattern(16)[..., None] * np.linspace(0.1, 1, 5), np.random.default_rng(1))
    sigmas = np.sqrt(observed.mean(axis=(0, 1)) / 100)
    profile = bm4d.BM4DProfile()
    profile.num_threads = 1
    np.testing.assert_array_equal(solve(observed, noise), bm4d.bm4d(observed / sigmas, 1.0, profile) * sigmas)


def test_stabilised_noise_is_removed_without_bias():
    noise = Poisson(photons=100, readout=2)
    observed = noise.sample(np.full((20, 20, 6), 0.3), np.random.default_rng(2))
    result = solve(observed, noise, variance="anscombe")
    assert result.std() < 0.2 * observed.std()
    assert result.mean() == pytest.approx(0.3, abs=0.005)  # three standard errors of the draw


@pytest.mark.parametrize("shape", [(8, 8), (8, 40, 6), (1, 40, 3)])
def test_image_smaller_than_a_block_and_a_pixel_is_an_error(shape):
    with pytest.raises(ValueError, match="at least 9 x 9"):
        solve(np.ones(shape), Gaussian(0.1))
