from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.metrics import METRICS, affinity, misfit, mpsnr, psnr, sam, ssim, ssim_gaussian

DENOISE = load_module(Path(__file__).parents[2] / "tasks" / "denoise.py")


def score(clean: np.ndarray, estimate: np.ndarray) -> dict[str, float]:
    measures = DENOISE.measures(Problem(observed=clean), {"signal": clean})
    return {name: measure(estimate) for name, measure in measures.items()}


@pytest.fixture
def clean() -> np.ndarray:
    return np.random.default_rng(0).random((16, 12, 5))


def test_psnr_of_a_hand_computed_error():
    clean = np.zeros((2, 2))
    # The mean squared error is (0.2^2 + 0 + 0 + 0) / 4 = 0.01.
    estimate = np.array([[0.2, 0.0], [0.0, 0.0]])
    assert psnr(clean, estimate, 1.0) == pytest.approx(20)
    assert psnr(clean, estimate, 10.0) == pytest.approx(40)


def test_psnr_is_that_of_scikit_image(clean):
    estimate = clean + 0.1 * np.random.default_rng(1).standard_normal(clean.shape)
    for data_range in (1.0, 2.5):
        expected = peak_signal_noise_ratio(clean, estimate, data_range=data_range)
        assert psnr(clean, estimate, data_range) == pytest.approx(expected, abs=1e-9)


def test_estimates_are_not_clipped():
    assert psnr(np.ones((2, 2)), np.full((2, 2), 1.1), 1.0) == pytest.approx(20)


def test_mpsnr_counts_a_dark_band_as_a_bright_one():
    clean = np.zeros((2, 2, 2))
    # Errors of 0.1 and 0.001 have 20 and 60 dB; over all entries the larger one decides.
    estimate = clean + np.array([0.1, 0.001])
    assert mpsnr(clean, estimate, 1.0) == pytest.approx(40)
    assert mpsnr(clean, estimate, 10.0) == pytest.approx(60)
    assert psnr(clean, estimate, 1.0) == pytest.approx(20 + 10 * np.log10(2), abs=0.01)


def test_ssim_is_the_mean_over_the_bands(clean):
    estimate = clean + 0.1 * np.random.default_rng(1).standard_normal(clean.shape)
    bands = [structural_similarity(clean[..., b], estimate[..., b], data_range=1.0) for b in range(5)]
    assert ssim(clean, estimate, 1.0) == pytest.approx(np.mean(bands))
    assert ssim(clean[..., 2], estimate[..., 2], 1.0) == pytest.approx(bands[2])


def test_ssim_of_constant_images_is_the_luminance_term():
    one, other, c1 = np.full((7, 7), 0.5), np.full((7, 7), 0.7), 0.01**2
    expected = (2 * 0.5 * 0.7 + c1) / (0.5**2 + 0.7**2 + c1)
    assert ssim(one, other, 1.0) == pytest.approx(expected)


def test_sam_of_known_angles():
    clean = np.array([[[1.0, 0.0], [1.0, 1.0], [2.0, 0.0]]])
    estimate = np.array([[[0.0, 3.0], [1.0, 0.0], [1.0, 0.0]]])
    assert sam(clean, estimate) == pytest.approx((90 + 45 + 0) / 3)


def test_sam_ignores_scale(clean):
    brightness = np.random.default_rng(2).uniform(0.5, 2, (16, 12, 1))
    assert sam(clean, brightness * clean) == pytest.approx(0, abs=1e-5)


def test_sam_leaves_out_dark_pixels_and_counts_a_lost_spectrum_as_orthogonal():
    clean = np.array([[[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    estimate = np.array([[[5.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]])
    assert sam(clean, estimate) == pytest.approx((90 + 45) / 2)


def test_equal_signals_score_perfectly(clean):
    values = score(clean, clean.copy())
    assert values["psnr"] == np.inf
    assert values["ssim"] == pytest.approx(1)
    assert values["sam"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", ["psnr", "mpsnr", "ssim", "sam"])
def test_more_noise_scores_worse(clean, name):
    noise = np.random.default_rng(3).standard_normal(clean.shape)
    values = [score(clean, clean + sigma * noise)[name] for sigma in (0.02, 0.05, 0.2)]
    assert values == sorted(values, reverse=METRICS[name].higher_is_better)
    assert len(set(values)) == 3


def test_single_precision_scores_as_double(clean):
    estimate = (clean + 0.1).astype(np.float32)
    single, double = score(clean, estimate), score(clean, clean + 0.1)
    assert single == pytest.approx(double, rel=1e-5)


def test_affinity_is_the_mean_squared_cosine_of_the_principal_angles():
    axes = np.eye(4)
    turned = np.array([[1.0, 0, 0, 0], [0, np.cos(0.3), np.sin(0.3), 0]])
    assert affinity(axes[:2], 5 * axes[:2][::-1]) == pytest.approx(1)
    assert affinity(axes[:2], axes[2:]) == pytest.approx(0)
    assert affinity(axes[:2], turned) == pytest.approx((1 + np.cos(0.3) ** 2) / 2)
    assert affinity(axes[:2], np.stack([axes[0], axes[0]])) == pytest.approx(0.5)  # a repeated row spans nothing more


def test_the_error_of_a_measure_is_proportional_to_the_squared_error():
    clean, estimate = np.zeros((2, 2)), np.array([[0.2, 0.0], [0.0, 0.0]])
    for scale in (1.0, 3.0):
        value = psnr(clean, scale * estimate, data_range=2.0)
        for name in ("psnr", "psnr_debiased"):
            assert METRICS[name].error(value) == pytest.approx(scale**2 * 0.01 / 4)
    assert METRICS["psnr"].error(np.inf) == 0


def test_measures_that_need_a_classifier_or_sort_all_pixels_are_not_taken_of_every_snapshot():
    dear = {"accuracy_linear", "accuracy_rbf", "average_precision", "f_oracle"}
    assert dear <= {name for name, metric in METRICS.items() if not metric.traced}
    assert all(METRICS[name].traced for name in ("psnr", "ssim", "sam", "affinity"))


def test_a_measure_tells_the_error_only_if_it_is_known():
    assert {name for name, metric in METRICS.items() if metric.error is None} >= {"ssim", "sam", "affinity"}


def test_ssim_in_gaussian_windows_is_that_of_its_formula():
    rng = np.random.default_rng(3)
    clean = rng.random((24, 20))
    estimate = clean + 0.1 * rng.standard_normal(clean.shape)

    def mean(values):
        offsets = np.arange(-5, 6)
        weights = np.exp(-(offsets**2) / (2 * 1.5**2))
        window = np.outer(weights, weights) / weights.sum() ** 2
        blocks = np.lib.stride_tricks.sliding_window_view(values, (11, 11))
        return np.einsum("ijkl,kl->ij", blocks, window)

    one, other = mean(clean), mean(estimate)
    covariance = mean(clean * estimate) - one * other
    variances = mean(clean**2) - one**2 + mean(estimate**2) - other**2
    ratio = (2 * one * other + 0.01**2) * (2 * covariance + 0.03**2)
    ratio /= (one**2 + other**2 + 0.01**2) * (variances + 0.03**2)
    assert ssim_gaussian(clean, estimate, 1.0) == pytest.approx(ratio.mean(), abs=1e-6)


def test_misfit_is_the_share_of_measurements_that_is_not_predicted():
    assert misfit(np.array([3.0, 4.0]), np.array([3.0, 3.0])) == pytest.approx(0.2)
