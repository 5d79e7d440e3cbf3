"""The measures of each task against cases known by hand, and what a task refuses."""

from functools import partial

import numpy as np
import pytest

from benchmark.contract import Item, Problem
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Skewed
from benchmark.observation import Observation
from benchmark.operators import PerColumn
from benchmark.source import ROOT

TASKS = {path.stem: load_module(path) for path in sorted((ROOT / "tasks").glob("[!_.]*.py"))}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def scores(task, observed, truth, answer, **known):
    """Return the measures of an answer by name."""
    problem = Problem(observed, **known)
    return {name: measure(answer) for name, measure in TASKS[task].measures(problem, truth).items()}


def test_factors_of_biased_data_are_judged_with_and_without_the_bias(rng):
    clean = rng.random((6, 5))
    judged = partial(scores, "factorise", clean, {"signal": clean}, clean + 0.3, rank=2)
    found = judged(noise=Skewed(0.1, 0.3))
    assert found["psnr"] == pytest.approx(-20 * np.log10(0.3))
    assert found["psnr_debiased"] > 100
    found = judged(noise=Gaussian(0.3))
    assert found["psnr_debiased"] == pytest.approx(found["psnr"])
    assert judged(noise=None)["psnr_debiased"] == pytest.approx(found["psnr"])


def test_only_denoised_cubes_have_spectra(rng):
    clean = rng.random((9, 8, 4))
    measures = {
        task: tuple(TASKS[task].measures(Problem(clean), {"signal": clean}))
        for task in ("denoise", "outliers", "recover")
    }
    assert measures == {
        "denoise": ("psnr", "ssim", "mpsnr", "sam"),
        "outliers": ("psnr", "ssim"),
        "recover": ("psnr", "ssim"),
    }


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ((16, 12, 5), {"psnr", "mpsnr", "ssim", "sam"}),
        ((16, 12, 1), {"psnr", "ssim"}),
        ((16, 12), {"psnr", "ssim"}),
        ((6, 12, 5), {"psnr", "mpsnr", "sam"}),
        ((4, 4, 4, 4), {"psnr"}),
    ],
)
def test_measures_apply_where_they_mean_something(rng, shape, names):
    clean = rng.random(shape)
    assert set(TASKS["denoise"].measures(Problem(clean), {"signal": clean})) == names


def test_a_covariance_is_judged_over_the_range_of_the_clean_one_and_by_its_leading_eigenvectors(rng):
    basis = np.linalg.qr(rng.standard_normal((6, 2)))[0]
    samples = rng.standard_normal((50, 2)) * [3.0, 2.0] @ basis.T
    truth = np.cov(samples.T, bias=True)
    judged = partial(scores, "covariance", samples, {"signal": samples}, rank=2)
    assert judged(truth + 0.1 * np.ptp(truth))["psnr"] == pytest.approx(20)
    assert judged(truth)["affinity"] == pytest.approx(1)
    other = np.linalg.svd(truth)[0][:, 2:4]
    assert judged(other @ other.T)["affinity"] == pytest.approx(0, abs=1e-9)
    # What is not symmetric is judged by its symmetric part.
    turned = truth + np.triu(np.ones((6, 6)), 1) - np.tril(np.ones((6, 6)), -1)
    assert judged(turned)["affinity"] == pytest.approx(1)


@pytest.fixture
def classes(rng):
    """Return noisy samples of two classes of 4 x 3 images, what is withheld, and the pattern that tells them apart."""
    pattern = np.linspace(-1, 1, 12).reshape(1, 4, 3)
    labels = np.arange(120) % 2
    clean = (2 * labels - 1)[:, None, None] * pattern + 0.3 * rng.standard_normal((120, 4, 3))
    noisy = clean + rng.standard_normal(clean.shape)
    truth = {"signal": clean[:60], "labels": labels[:60], "test": noisy[60:], "test_labels": labels[60:]}
    return noisy[:60], truth, pattern


def test_a_basis_is_judged_by_accuracy_and_affinity_to_the_components_of_the_clean_samples(classes):
    observed, truth, pattern = classes
    good = scores("basis", observed, truth, pattern, rank=1)
    assert list(good) == ["accuracy_linear", "accuracy_rbf", "affinity"]
    assert min(good["accuracy_linear"], good["accuracy_rbf"]) > 90
    assert good["affinity"] > 0.95
    other = np.linalg.svd(pattern.reshape(1, 12))[2][1:2].reshape(1, 4, 3)
    bad = scores("basis", observed, truth, other, rank=1)
    assert max(bad["accuracy_linear"], bad["accuracy_rbf"]) < 75
    assert bad["affinity"] < 0.1


def test_all_pixels_contain_every_subspace_and_some_of_them_do_not(classes):
    observed, truth, _ = classes
    affinity = TASKS["basis"].measures(Problem(observed, rank=2), truth)["affinity"]
    assert affinity(np.eye(12).reshape(12, 4, 3)) == pytest.approx(1)
    assert affinity(np.eye(12)[:6].reshape(6, 4, 3)) < 0.9


def test_a_basis_has_as_many_vectors_as_the_rank_and_a_covariance_as_many_rows_as_features():
    assert TASKS["basis"].answer_shape(Problem(np.ones((60, 4, 3)), rank=5)) == (5, 4, 3)
    assert TASKS["covariance"].answer_shape(Problem(np.ones((60, 7)), rank=5)) == (7, 7)


def test_samples_without_labels_are_no_problem_of_a_basis(rng):
    with pytest.raises(ValueError, match="have no labels to learn classes from: give a labelled data set"):
        TASKS["basis"].pose(Item("plain", rng.random((40, 5))), Observation(), rng)


def test_samples_with_too_few_of_a_class_are_none_either(rng):
    item = Item("few", rng.random((40, 5)), rank=2, extras={"labels": np.array([0] * 38 + [1] * 2)})
    seeds = {}
    for seed in range(20):
        try:
            TASKS["basis"].pose(item, Observation(), rng, split_seed=seed)
        except ValueError as error:
            seeds[seed] = str(error)
    assert seeds
    assert all("give at least 8 samples a class" in message for message in seeds.values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.zeros(40)}, "item: all 40 `labels` are 0.0: give samples of two classes or more"),
        ({"labels": np.arange(39) % 2}, r"item: `labels` of shape \(39,\) for 40 samples"),
        ({"rank": None}, "item: no rank is told: give the data set a `rank` from 1 to 5"),
        ({"rank": 6}, r"item: the rank 6 for a signal of shape \(40, 5\): give 1 to 5"),
        ({"signal": np.zeros((40, 5))}, "item: all 200 values are zero"),
        ({"share": 1.0}, "item: a share of 1 of 40 samples leaves none on one side: give another share"),
        ({"share": 0.0}, "item: a share of 0 of 40 samples leaves none on one side: give another share"),
    ],
)
def test_samples_that_tell_no_basis_are_refused(changes, message, rng):
    own = {"signal": rng.random((40, 5)), "rank": 2, "labels": np.arange(40) % 2, "share": 0.5} | changes
    item = Item("item", own["signal"], rank=own["rank"], extras={"labels": own["labels"]})
    with pytest.raises(ValueError, match=message):
        TASKS["basis"].pose(item, Observation(), rng, share=own["share"])


@pytest.mark.parametrize(
    ("signal", "rank", "message"),
    [
        (np.ones((9, 4)), 1, "item: the covariance is the same everywhere, and has no range: give samples that differ"),
        (np.arange(4.0)[None], 1, "a covariance needs at least 2 samples, not 1"),
        (np.full((9, 4), np.inf), 1, "item: 36 of 36 values are NaN or infinite"),
        (np.eye(9, 4), 5, r"item: the rank 5 for a signal of shape \(9, 4\): give 1 to 4"),
        (np.eye(9, 4), None, "item: no rank is told"),
        (np.ones((9, 2, 2)), 1, r"item: samples of shape \(2, 2\): give each as one row of features"),
    ],
)
def test_samples_whose_covariance_has_no_score_are_refused(signal, rank, message, rng):
    with pytest.raises(ValueError, match=message):
        TASKS["covariance"].pose(Item("item", signal, rank=rank), Observation(), rng)


@pytest.mark.parametrize("task", ["columns", "recover"])
@pytest.mark.parametrize(
    ("signal", "message"),
    [
        (np.zeros((8, 6)), "item: all 48 values are zero, and errors relative to them none: leave it out"),
        (np.full((8, 6), 1e-50), "item: all 48 values are zero"),  # as single precision keeps them
        (np.where(np.eye(8, 6) > 0, np.nan, 1), "item: 6 of 48 values are NaN or infinite in single precision"),
    ],
)
def test_signals_that_errors_have_no_scale_for_are_refused(task, signal, message, rng):
    with pytest.raises(ValueError, match=message):
        TASKS[task].pose(Item("item", signal), Observation(None, PerColumn(0.5)), rng)
    for other in ("denoise", "outliers", "factorise"):
        with pytest.raises(ValueError, match=message):
            TASKS[other].pose(Item("item", signal), Observation(), rng)


def test_a_signal_is_not_recovered_without_an_operator(rng):
    with pytest.raises(ValueError, match=r"needs an operator: .* choose the task `denoise`"):
        TASKS["recover"].pose(Item("stack", rng.random((9, 9, 3))), Observation(Gaussian(0.1)), rng)


def test_a_signal_seen_through_an_operator_is_not_denoised(rng):
    with pytest.raises(ValueError, match=r"takes no operator: choose the task `recover`"):
        TASKS["denoise"].pose(Item("stack", rng.random((9, 9))), Observation(None, PerColumn(0.5)), rng)
