from pathlib import Path

import numpy as np
import pytest
import pywt

from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "wavelet.py")


def solve(observed: np.ndarray, noise: Noise) -> np.ndarray:
    problem = Problem(observed=observed, rank=1, noise=noise)
    return METHOD.solve(problem, seed=0, device="cpu").signal


def shrink(details: np.ndarray, sigma: float) -> np.ndarray:
    """Return coefficients soft-thresholded by BayesShrink, all at zero where they are no stronger than the noise."""
    clean_variance = np.mean(details**2) - sigma**2
    if clean_variance <= 0:
        return np.zeros_like(details)
    return np.sign(details) * np.maximum(np.abs(details) - sigma**2 / np.sqrt(clean_variance), 0)


def test_answer_has_the_thresholds_of_the_paper():
    rng = np.random.default_rng(0)
    observed = np.add.outer(np.sin(np.arange(64) / 5), np.arange(64) > 30) + 0.3 * rng.standard_normal((64, 64))
    approximation, *details = pywt.wavedec2(observed, "sym8", level=2)  # as many scales as 64 pixels hold
    shrunk = [tuple(shrink(band, 0.3) for band in level) for level in details]
    result = solve(observed, Gaussian(0.3))
    np.testing.assert_allclose(result, pywt.waverec2([approximation, *shrunk], "sym8"), atol=1e-6)
    assert np.abs(result - observed).max() > 0.5


def test_quadratic_surface_is_kept():
    # Wavelets with vanishing moments do not see it but at the borders.
    rows, columns = np.mgrid[:96, :96] / 96
    surface = 0.2 + rows**2 - 0.5 * rows * columns + 0.3 * columns
    inside = (slice(24, -24), slice(24, -24))
    np.testing.assert_allclose(solve(surface, Gaussian(0.05))[inside], surface[inside], atol=1e-3)


def test_most_of_the_noise_is_gone():
    observed = 0.5 + 0.1 * np.random.default_rng(1).standard_normal((128, 128))
    result = solve(observed, Gaussian(0.1))
    # What stays is the approximation: three scales keep about one coefficient in 64.
    assert result.std() < 0.1 / 5
    assert result.mean() == pytest.approx(0.5, abs=0.005)
