from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "nlm.py")


def solve(observed: np.ndarray, noise: Noise) -> np.ndarray:
    problem = Problem(observed=observed, rank=1, noise=noise)
    return METHOD.solve(problem, seed=0, device="cpu").signal


def weighted_means(image: np.ndarray, sigma: float, h: float, reach: int = 11, patch: int = 7) -> np.ndarray:
    """Return the non-local means of an image mirrored at its borders, shift by shift, from the formula."""
    margin, summed = reach + patch, patch - 1  # the package leaves the first row and column of a patch out
    wide = np.pad(image, margin, mode="reflect")
    inside = (slice(margin, -margin),) * 2
    total, weights = np.zeros_like(image), np.zeros_like(image)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            shifted = np.roll(wide, (-down, -right), axis=(0, 1))
            excess = (wide - shifted) ** 2 - 2 * sigma**2
            distance = uniform_filter(excess, summed, origin=-1)[inside] * summed**2 / (patch * h) ** 2
            weight = np.exp(-np.maximum(distance, 0)) * (distance <= 5)
            total, weights = total + weight * shifted[inside], weights + weight
    return total / weights


def test_answer_is_the_mean_weighted_by_the_distance_of_patches():
    rng = np.random.default_rng(0)
    clean = np.where(np.add.outer(np.arange(40), np.arange(32)) > 36, 0.9, 0.2)
    observed = clean + 0.1 * rng.standard_normal(clean.shape)
    expected = weighted_means(observed, sigma=0.1, h=0.08)
    # The package's exponential is good to a percent.
    np.testing.assert_allclose(solve(observed, Gaussian(0.1)), expected, atol=5e-3)
    assert np.abs(observed - expected).max() > 0.2


def test_edge_stays_sharp_where_the_noise_is_averaged_out():
    clean = np.where(np.arange(48) < 24, 0.2, 0.8) * np.ones((48, 1))
    result = solve(clean + 0.05 * np.random.default_rng(1).standard_normal(clean.shape), Gaussian(0.05))
    assert result[:, :24].std() < 0.02
    assert result[:, 24:].std() < 0.02
    assert np.mean(result[:, 24] - result[:, 23]) == pytest.approx(0.6, abs=0.02)


def test_image_without_noise_is_returned():
    observed = np.random.default_rng(4).random((12, 11, 2))
    np.testing.assert_array_equal(solve(observed, Gaussian(0.0)), observed)
