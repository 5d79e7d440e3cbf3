from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.linalg import svds
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA

from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise, SaltAndPepper

BASELINES = Path(__file__).parents[2] / "baselines"
SIGMA = 0.2
NOISE = Gaussian(SIGMA)
# Estimates that tend to the covariance of the signal as samples abound.
CONSISTENT = [
    ("sample_covariance", {"variant": "denoised"}),
    ("ppca_covariance", {}),
    ("ledoit_wolf", {}),
    ("oas", {}),
]
SHRINKING = ("ledoit_wolf", "oas")


def covariance_of(name: str, samples: np.ndarray, rank: int = 3, noise: Noise | None = NOISE, **params) -> np.ndarray:
    problem = Problem(observed=samples, rank=rank, noise=noise)
    return load_module(BASELINES / f"{name}.py").solve(problem, seed=0, device="cpu", **params).signal


def draw(number: int, seed: int = 0, features: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance of rank 3 of a signal with a mean, and noisy samples of it."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((features, 3)))[0] * [1.0, 0.7, 0.5]
    clean = rng.standard_normal((number, 3)) @ basis.T + rng.standard_normal(features)
    return basis @ basis.T, clean + SIGMA * rng.standard_normal(clean.shape)


def error(estimate: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(estimate - truth) / np.linalg.norm(truth))


@pytest.mark.parametrize(("name", "params"), CONSISTENT)
def test_many_samples_give_the_covariance_of_the_signal(name, params):
    truth, samples = draw(40_000)
    # An entry's standard error is 1 / sqrt(40000) of its scale; the noise left in would make an error of 0.11.
    assert error(covariance_of(name, samples, **params), truth) < 0.02
    assert error(covariance_of("sample_covariance", samples), truth) > 0.1


@pytest.mark.parametrize(
    ("name", "params"),
    [*CONSISTENT, *[("sample_covariance", {"variant": variant}) for variant in ("full", "truncated", "published")]],
)
def test_estimate_is_a_covariance(name, params):
    _, samples = draw(8)
    estimate = covariance_of(name, samples, **params)
    np.testing.assert_allclose(estimate, estimate.T, atol=1e-15)
    values = np.linalg.eigvalsh(estimate)
    assert values[-1] > 0.1
    assert values[0] > -1e-12


def test_full_covariance_is_that_of_numpy():
    _, samples = draw(20)
    np.testing.assert_allclose(covariance_of("sample_covariance", samples), np.cov(samples, rowvar=False, bias=True))


def test_truncation_errs_by_the_eigenvalues_that_it_leaves_out():
    _, samples = draw(30)
    full = covariance_of("sample_covariance", samples)
    truncated = covariance_of("sample_covariance", samples, variant="truncated")
    assert np.linalg.matrix_rank(truncated) == 3
    discarded = np.linalg.eigvalsh(full)[:-3]
    assert np.linalg.norm(full - truncated) == pytest.approx(np.sqrt(np.sum(discarded**2)), rel=1e-10)


def test_published_covariance_is_the_authors_truncated_svd_of_centred_samples():
    _, samples = draw(25)
    columns = samples.T - samples.T.mean(axis=0)
    left, values, right = svds(columns @ columns.T / 25, 3)
    published = covariance_of("sample_covariance", samples, variant="published")
    np.testing.assert_allclose(published, left * values @ right, atol=1e-12)
    assert np.abs(published.sum(axis=0)).max() < 1e-12  # no feature sums survive the centring of each sample


def test_ppca_is_the_covariance_of_scikit_learn_less_the_noise():
    _, samples = draw(50)
    reference = PCA(3, svd_solver="full").fit(samples)
    # scikit-learn divides by n - 1.
    expected = (reference.get_covariance() - reference.noise_variance_ * np.eye(12)) * 49 / 50
    np.testing.assert_allclose(covariance_of("ppca_covariance", samples, noise=None), expected, atol=1e-12)


def test_no_nearby_covariance_of_the_rank_makes_the_samples_likelier_than_that_of_ppca():
    _, samples = draw(60)
    rng, mean = np.random.default_rng(1), samples.mean(axis=0)
    signal = covariance_of("ppca_covariance", samples)
    values, vectors = np.linalg.eigh(signal)
    loadings = vectors[:, -3:] * np.sqrt(values[-3:])
    variance = np.linalg.eigvalsh(np.cov(samples, rowvar=False, bias=True))[:-3].mean()

    def likelihood(loadings: np.ndarray, variance: float) -> float:
        return multivariate_normal(mean, loadings @ loadings.T + variance * np.eye(12)).logpdf(samples).sum()

    best = likelihood(loadings, variance)
    for size in (1e-3, 1e-2, 1e-1):
        for _ in range(10):
            moved = loadings + size * rng.standard_normal(loadings.shape)
            assert likelihood(moved, variance * np.exp(size * rng.standard_normal())) < best


def test_ledoit_wolf_shrinks_by_the_share_of_the_paper():
    _, samples = draw(15)
    centred = samples - samples.mean(axis=0)
    sample = centred.T @ centred / 15
    target = np.trace(sample) / 12 * np.eye(12)
    spread = np.mean([np.sum((np.outer(row, row) - sample) ** 2) for row in centred]) / 15
    share = min(1, spread / np.sum((sample - target) ** 2))
    assert 0.05 < share < 0.95
    estimate = covariance_of("ledoit_wolf", samples, subtract_noise=False)
    np.testing.assert_allclose(estimate, share * target + (1 - share) * sample, atol=1e-12)


def test_oas_shrinks_by_the_share_of_the_docstring():
    _, samples = draw(15)
    sample = np.cov(samples, rowvar=False, bias=True)
    squares, trace = np.sum(sample**2), np.trace(sample)
    share = (squares + trace**2) / (16 * (squares - trace**2 / 12))
    assert 0.05 < share < 0.95
    estimate = covariance_of("oas", samples, subtract_noise=False)
    np.testing.assert_allclose(estimate, share * trace / 12 * np.eye(12) + (1 - share) * sample, atol=1e-12)


@pytest.mark.parametrize("name", SHRINKING)
def test_shrinkage_in_many_dimensions_attains_the_loss_of_the_best_share(name):
    rng, truth = np.random.default_rng(2), np.diag(np.linspace(0.2, 2, 150))
    samples = rng.standard_normal((75, 150)) * np.sqrt(np.diag(truth))
    sample = covariance_of("sample_covariance", samples)
    step = np.trace(sample) / 150 * np.eye(150) - sample
    best = sample + np.sum((truth - sample) * step) / np.sum(step**2) * step
    loss = np.sum((best - truth) ** 2)
    estimate = covariance_of(name, samples, subtract_noise=False)
    # The estimated share tends to the best one as samples and features grow together.
    assert loss <= np.sum((estimate - truth) ** 2) < 1.02 * loss
    assert loss < 0.2 * np.sum((sample - truth) ** 2)


@pytest.mark.parametrize("name", SHRINKING)
def test_subtracting_the_noise_brings_the_estimate_nearer_to_the_signal(name):
    truth, samples = draw(20)
    with_noise = error(covariance_of(name, samples, subtract_noise=False), truth)
    assert error(covariance_of(name, samples), truth) < 0.9 * with_noise


def test_constant_is_the_mean_of_the_covariance():
    samples = np.array([[0.0, 0.0], [2.0, 4.0]])
    np.testing.assert_allclose(covariance_of("constant_covariance", samples), np.full((2, 2), 2.25))


@pytest.mark.parametrize(
    ("name", "params", "limit"),
    [
        ("sample_covariance", {"variant": "truncated"}, 12),
        ("sample_covariance", {"variant": "published"}, 12),
        ("ppca_covariance", {}, 11),
    ],
)
@pytest.mark.parametrize("excess", [True, False])
def test_rank_that_the_covariance_cannot_have_is_an_error(name, params, limit, excess):
    with pytest.raises(ValueError, match=f"give 1 to {limit}"):
        covariance_of(name, draw(8)[1], rank=limit + 1 if excess else 0, **params)


@pytest.mark.parametrize("name", ["sample_covariance", "ppca_covariance", "constant_covariance", *SHRINKING])
def test_single_sample_is_an_error(name):
    with pytest.raises(ValueError, match="at least 2 samples, not 1"):
        covariance_of(name, np.ones((1, 12)))


def test_noise_whose_level_cannot_be_subtracted_is_an_error_that_names_the_way_out():
    with pytest.raises(ValueError, match="choose a variant that leaves the noise in"):
        covariance_of("oas", draw(8)[1], noise=SaltAndPepper(0.1))
