"""Each task's judge against cases known by hand."""

import numpy as np
import pytest

from benchmark.classification import accuracies
from benchmark.judges import judge_for


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_factors_of_biased_data_are_judged_with_and_without_the_bias(rng):
    clean = rng.random((6, 5))
    scores = judge_for("factorise", clean, {}, rank=2, bias=0.3).score(clean + 0.3)
    assert scores["psnr"] == pytest.approx(-20 * np.log10(0.3))
    assert scores["psnr_debiased"] > 100


def test_only_denoised_cubes_have_spectra(rng):
    clean = rng.random((9, 8, 4))
    measures = {task: judge_for(task, clean, {}, 2, 0.0).measures for task in ("denoise", "outliers", "tomography")}
    assert measures == {
        "denoise": ("psnr", "ssim", "sam"),
        "outliers": ("psnr", "ssim"),
        "tomography": ("psnr", "ssim"),
    }


def test_a_covariance_is_judged_over_the_range_of_the_clean_one_and_by_its_leading_eigenvectors(rng):
    basis = np.linalg.qr(rng.standard_normal((6, 2)))[0]
    samples = rng.standard_normal((50, 2)) * [3.0, 2.0] @ basis.T
    truth = np.cov(samples.T, bias=True)
    judge = judge_for("covariance", samples, {}, rank=2, bias=0.0)
    shifted = truth + 0.1 * np.ptp(truth)
    assert judge.score(shifted)["psnr"] == pytest.approx(20)
    assert judge.score(truth)["affinity"] == pytest.approx(1)
    other = np.linalg.svd(truth)[0][:, 2:4]
    assert judge.score(other @ other.T)["affinity"] == pytest.approx(0, abs=1e-9)
    assert judge.psnr(shifted) == pytest.approx(20)


@pytest.fixture
def classes(rng):
    """Return the parts of two classes of 4 x 3 images that one pattern tells apart, under noise, and that pattern."""
    pattern = np.linspace(-1, 1, 12)
    labels = np.arange(120) % 2
    images = np.outer(2 * labels - 1, pattern) + rng.standard_normal((120, 12))
    parts = {"observed": images[:60], "labels": labels[:60], "test": images[60:], "test_labels": labels[60:]}
    return parts, pattern


def test_projections_on_the_pattern_tell_the_classes_and_on_another_do_not(classes):
    parts, pattern = classes
    other = np.linalg.svd(pattern[None])[2][1:2]
    good, bad = accuracies(pattern[None], parts), accuracies(other, parts)
    assert min(good.values()) > 90
    assert max(bad.values()) < 75


def test_all_pixels_tell_what_any_complete_basis_tells_and_contain_every_subspace(classes, rng):
    parts, _ = classes
    rotated = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    assert accuracies(np.eye(12), parts) == accuracies(rotated, parts)
    judge = judge_for("basis", parts["observed"].reshape(-1, 4, 3), parts, rank=2, bias=0.0)
    assert judge.score(np.eye(12).reshape(12, 4, 3))["affinity"] == pytest.approx(1)
    assert judge.score(np.eye(12)[:6].reshape(6, 4, 3))["affinity"] < 0.9


def test_the_scale_of_a_basis_changes_no_accuracy(classes):
    parts, pattern = classes
    assert accuracies(100 * pattern[None], parts) == accuracies(pattern[None], parts)


def test_too_few_samples_a_class_and_missing_labels_are_said(classes):
    parts, pattern = classes
    few = parts | {"labels": np.array([0] * 59 + [1])}
    with pytest.raises(ValueError, match="a class has 1 training samples"):
        accuracies(pattern[None], few)
    with pytest.raises(ValueError, match="have no labels"):
        judge_for("basis", parts["observed"], {}, rank=1, bias=0.0)


def test_a_basis_is_judged_by_accuracy_and_affinity_and_has_no_curve(classes):
    parts, pattern = classes
    images = parts["observed"].reshape(60, 4, 3)
    judge = judge_for("basis", images, parts, rank=1, bias=0.0)
    scores = judge.score(pattern.reshape(1, 4, 3))
    assert set(scores) == {"accuracy_linear", "accuracy_rbf", "affinity"} == set(judge.measures)
    assert scores["affinity"] > 0.8
    assert judge.psnr is None
