from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Estimate, Problem, compose
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise, Poisson

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "gavish_donoho.py")


def solve(observed: np.ndarray, noise: Noise, **params) -> Estimate:
    return METHOD.solve(Problem(observed=observed, rank=1, noise=noise), seed=0, device="cpu", **params)


def spiked(strengths: list[float], shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a matrix with random singular vectors and the given singular values, in units of sqrt(longer side)."""
    left, right = (np.linalg.qr(rng.standard_normal((size, len(strengths))))[0] for size in shape)
    return left * (np.array(strengths) * np.sqrt(max(shape))) @ right.T


def test_loss_on_a_spiked_model_is_the_asymptotic_one():
    rng, shape, strengths = np.random.default_rng(0), (1200, 600), [0.5, 1.5, 3.0]
    clean = spiked(strengths, shape, rng)
    estimate = compose(solve(clean + rng.standard_normal(shape), Gaussian(1.0)).factors)
    beta, x = 0.5, np.array(strengths)
    # Squared cosines between the true and the noisy singular vectors; none below the detection limit x^4 = beta.
    cosines = (x**4 - beta) ** 2 / ((x**4 + beta * x**2) * (x**4 + x**2)) * (x**4 > beta)
    expected = np.sum(x**2 * (1 - cosines))
    # A hundredth of the loss is what one draw of this size scatters by.
    assert np.sum((estimate - clean) ** 2) / 1200 == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("shape", [(200, 100), (100, 200), (150, 150)])
def test_shrinkage_beats_the_truncated_svd_of_the_true_rank(shape):
    rng = np.random.default_rng(1)
    clean = spiked([1.2, 1.6, 2.5], shape, rng)
    observed = clean + rng.standard_normal(shape)
    estimate = compose(solve(observed, Gaussian(1.0)).factors)
    assert np.linalg.norm(estimate - clean) < np.linalg.norm(compose(truncated_svd(observed, 3)) - clean)


def test_pure_noise_leaves_the_mean_of_each_band():
    observed = np.array([5.0, 1.0, -2.0]) + 0.1 * np.random.default_rng(2).standard_normal((60, 50, 3))
    left, right = solve(observed, Gaussian(0.15)).factors
    assert left.shape == (60, 50, 1)
    np.testing.assert_allclose(right[:, 0], observed.mean(axis=(0, 1)))
    np.testing.assert_array_equal(left, 1.0)


def test_pure_noise_of_a_matrix_leaves_the_mean_of_all_entries():
    observed = np.array([5.0, 1.0, -2.0]) + 0.1 * np.random.default_rng(2).standard_normal((60, 3))
    result = compose(solve(observed, Gaussian(10.0)).factors)
    np.testing.assert_allclose(result, np.full((60, 3), observed.mean()))


def test_offset_of_each_band_passes_through():
    rng = np.random.default_rng(3)
    observed, offset = rng.random((20, 15, 4)), np.array([0.0, 10.0, -3.0, 7.0])
    shifted = compose(solve(observed + offset, Gaussian(0.05)).factors)
    np.testing.assert_allclose(shifted, compose(solve(observed, Gaussian(0.05)).factors) + offset, atol=1e-10)


def test_answer_scales_with_signal_and_noise():
    observed = np.random.default_rng(4).random((20, 15, 4))
    doubled = compose(solve(2 * observed, Gaussian(0.2)).factors)
    np.testing.assert_allclose(doubled, 2 * compose(solve(observed, Gaussian(0.1)).factors), rtol=1e-10)


def test_without_noise_the_observation_returns():
    observed = np.random.default_rng(5).random((20, 15, 4))
    np.testing.assert_allclose(compose(solve(observed, Gaussian(0.0)).factors), observed, atol=1e-12)


def test_stabilising_helps_where_bright_and_dark_bands_meet():
    rng, noise = np.random.default_rng(6), Poisson(photons=50, readout=1)
    clean = compose((rng.random((30, 30, 2)), np.linspace(0.01, 0.5, 40)[:, None] * rng.random((40, 2))))
    observed = noise.sample(clean, rng)
    plain = compose(solve(observed, noise).factors)
    stabilised = solve(observed, noise, stabilise=True).signal
    assert np.mean((stabilised - clean) ** 2) < 0.9 * np.mean((plain - clean) ** 2)
    assert np.mean((plain - clean) ** 2) < 0.5 * np.mean((observed - clean) ** 2)
