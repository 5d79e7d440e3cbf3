from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.anscombe import stabilise, unstabilise
from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise, Poisson

bm3d = pytest.importorskip("bm3d", reason="bm3d is optional: its licence allows non-commercial use only")
METHOD = load_module(Path(__file__).parents[2] / "baselines" / "fasthyde.py")


def solve(observed: np.ndarray, noise: Noise | None) -> np.ndarray:
    problem = Problem(observed=observed, rank=1, noise=noise)
    return METHOD.solve(problem, seed=0, device="cpu").signal


def band_wise(image: np.ndarray, sigma: float) -> np.ndarray:
    profile = bm3d.BM3DProfile()
    profile.num_threads = 1
    return bm3d.bm3d(image, sigma, profile)


def two_materials(side: int, bands: int) -> np.ndarray:
    """Return a cube of rank 2, side x side x bands: a disc of one spectrum on a background of another."""
    rows, columns = np.mgrid[:side, :side] - side / 2
    disc = (rows**2 + columns**2 < (side / 3) ** 2).astype(float)
    rising = np.linspace(0.1, 0.9, bands)
    return np.multiply.outer(disc, rising) + np.multiply.outer(1 - disc, rising[::-1])


@pytest.mark.parametrize("dimension", [1, 3, 6])
def test_subspace_is_that_of_the_signal_and_no_larger(dimension):
    rng, pixels, bands = np.random.default_rng(0), 4000, 20
    directions = np.linalg.qr(rng.standard_normal((bands, dimension)))[0]
    spectra = 3 * rng.standard_normal((pixels, dimension)) @ directions.T + rng.standard_normal((pixels, bands))
    basis = METHOD.signal_subspace(spectra)
    np.testing.assert_allclose(basis.T @ basis, np.eye(dimension), atol=1e-12)
    # Squared sine of a direction where the signal has 9 times the noise's power: 10 / 81 * bands / pixels = 6e-4.
    assert np.linalg.svd(directions.T @ basis, compute_uv=False).min() ** 2 > 1 - 3e-3


def test_signal_weaker_than_the_noise_is_found():
    rng, pixels, bands = np.random.default_rng(1), 4000, 20
    strengths = np.sqrt([4.0, 0.5])  # HySime would drop the second: its eigenvalue is 1.5, not above 2
    spectra = rng.standard_normal((pixels, 2)) * strengths @ np.eye(2, bands) + rng.standard_normal((pixels, bands))
    assert METHOD.signal_subspace(spectra).shape == (bands, 2)


def test_clean_cube_is_kept():
    clean = two_materials(24, 7)
    np.testing.assert_allclose(solve(clean, Gaussian(1e-4)), clean, rtol=0, atol=1e-3)


def test_rank_two_is_kept_and_beats_bm3d_of_a_band():
    clean = two_materials(24, 6)
    observed = clean + 0.2 * np.random.default_rng(2).standard_normal(clean.shape)
    result = solve(observed, Gaussian(0.2))
    singular_values = np.linalg.svd(result.reshape(-1, 6), compute_uv=False)
    assert singular_values[2] < 1e-10 * singular_values[1]
    one_band = band_wise(observed[..., 2], 0.2)
    error, error_alone = (np.mean((image - clean[..., 2]) ** 2) for image in (result[..., 2], one_band))
    assert error < 0.6 * error_alone < 0.3 * 0.2**2


def test_matrix_is_denoised_by_bm3d_at_unit_noise():
    noise = Poisson(photons=100, readout=2)
    observed = noise.sample(two_materials(20, 1)[..., 0], np.random.default_rng(3))
    expected = unstabilise(band_wise(stabilise(observed, noise), 1.0), noise)
    np.testing.assert_allclose(solve(observed, noise), expected, rtol=1e-10)
    np.testing.assert_allclose(solve(observed[..., None], noise)[..., 0], expected, rtol=1e-10)


def test_image_smaller_than_a_block_and_a_pixel_is_an_error():
    with pytest.raises(ValueError, match="at least 9 x 9"):
        solve(np.ones((8, 40, 3)), Gaussian(0.1))
