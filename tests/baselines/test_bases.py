import logging
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.linalg import eigsh
from sklearn.decomposition import TruncatedSVD

from benchmark.contract import Problem
from benchmark.loading import load_module

BASELINES = Path(__file__).parents[2] / "baselines"
PCA, ICA = (load_module(BASELINES / f"{name}.py") for name in ("pca", "fast_ica"))
PREPARATIONS = ("centred-features", "standardised-samples", "none")


def basis(method, samples: np.ndarray, rank: int, seed: int = 0, **params) -> np.ndarray:
    problem = Problem(observed=samples, rank=rank)
    return method.solve(problem, seed=seed, device="cpu", **params).signal


def images(number: int = 40, seed: int = 0) -> np.ndarray:
    """Return 6 x 5 images of unequal brightness and contrast, with principal components that stand well apart."""
    rng = np.random.default_rng(seed)
    patterns = np.linalg.qr(rng.standard_normal((30, 5)))[0] * [8, 4, 2, 1, 0.5]
    samples = rng.standard_normal((number, 5)) @ patterns.T + 0.01 * rng.standard_normal((number, 30))
    return (samples + 3 * rng.random((number, 1)) + np.linspace(0, 5, 30)).reshape(number, 6, 5)


def assert_same_up_to_sign(components: np.ndarray, expected: np.ndarray) -> None:
    cosines = components.reshape(len(components), -1) @ expected.reshape(len(expected), -1).T
    np.testing.assert_allclose(np.abs(cosines), np.eye(len(components)), atol=1e-8)


def test_pca_diagonalises_the_covariance_of_the_features():
    samples = images()
    covariance = np.cov(samples.reshape(40, 30), rowvar=False)
    components = basis(PCA, samples, 4).reshape(4, 30)
    values = np.linalg.eigvalsh(covariance)[:-5:-1]
    np.testing.assert_allclose(components @ covariance @ components.T, np.diag(values), atol=1e-10)


def test_published_pca_is_the_authors_eigenproblem_of_standardised_images():
    samples = images()
    rows = samples.reshape(40, 30)
    rows = (rows - rows.mean(axis=1)[:, None]) / rows.std(axis=1)[:, None]
    _, vectors = eigsh(rows.T @ rows, 3)
    components = basis(PCA, samples, 3, preparation="standardised-samples")
    assert_same_up_to_sign(components, vectors[:, ::-1].T)


def test_basis_without_preparation_is_that_of_the_truncated_svd():
    samples = images()
    reference = TruncatedSVD(3, algorithm="arpack", random_state=0).fit(samples.reshape(40, 30))
    assert_same_up_to_sign(basis(PCA, samples, 3, preparation="none"), reference.components_)


@pytest.mark.parametrize("preparation", PREPARATIONS)
@pytest.mark.parametrize("number", [40, 12])
def test_components_are_orthonormal_images(preparation, number):
    components = basis(PCA, images(number), 4, preparation=preparation)
    assert components.shape == (4, 6, 5)
    np.testing.assert_allclose(np.einsum("rhw,shw->rs", components, components), np.eye(4), atol=1e-12)


def test_no_nearby_basis_leaves_less_of_the_samples():
    samples = images().reshape(40, 30)
    centred, rng = samples - samples.mean(axis=0), np.random.default_rng(1)
    components = basis(PCA, samples, 3)
    captured = np.sum((centred @ components.T) ** 2)
    for size in (1e-3, 1e-2, 1e-1):
        for _ in range(20):
            moved = np.linalg.qr((components + size * rng.standard_normal(components.shape)).T)[0]
            assert np.sum((centred @ moved) ** 2) < captured


def test_pca_ignores_an_image_added_to_every_sample_and_the_truncated_svd_does_not():
    samples, added = images(), 10 * np.random.default_rng(2).random((6, 5))
    assert_same_up_to_sign(basis(PCA, samples + added, 3), basis(PCA, samples, 3))
    plain = basis(PCA, samples + added, 1, preparation="none") * basis(PCA, samples, 1, preparation="none")
    assert abs(plain.sum()) < 0.99


def test_published_pca_ignores_brightness_and_contrast_of_each_sample():
    samples, rng = images(), np.random.default_rng(3)
    changed = samples * rng.uniform(0.5, 2, (40, 1, 1)) + rng.random((40, 1, 1))
    published = {"preparation": "standardised-samples"}
    assert_same_up_to_sign(basis(PCA, changed, 3, **published), basis(PCA, samples, 3, **published))


def test_published_pca_passes_over_constant_samples():
    samples, published = images(), {"preparation": "standardised-samples"}
    padded = np.concatenate([samples, np.full((2, 6, 5), 0.1)])
    assert_same_up_to_sign(basis(PCA, padded, 3, **published), basis(PCA, samples, 3, **published))


def test_ica_finds_the_sources_that_pca_mixes():
    rng = np.random.default_rng(4)
    sources = np.column_stack([rng.uniform(-1, 1, 3000), rng.laplace(size=3000), rng.choice([-1.0, 1.0], 3000)])
    mixing = rng.standard_normal((12, 3))

    def crosstalk(components: np.ndarray) -> float:
        gains = np.abs(components.reshape(3, 12) @ mixing) * sources.std(axis=0)
        gains /= np.linalg.norm(gains, axis=1, keepdims=True)
        assert set(gains.argmax(axis=1)) <= {0, 1, 2}
        return max(1 - gains.max(axis=1).min(), 3 - len(set(gains.argmax(axis=1))))

    samples = (sources @ mixing.T).reshape(3000, 4, 3)
    # The error of 3000 samples is about 1 / sqrt(3000) of a source, whose square is what the largest gain lacks.
    assert crosstalk(basis(ICA, samples, 3)) < 0.005
    assert crosstalk(basis(PCA, samples, 3)) > 0.05


def test_projections_onto_the_ica_basis_are_white_and_of_unit_norm():
    samples = images().reshape(40, 30)
    components = basis(ICA, samples, 4)
    projections = (samples - samples.mean(axis=0)) @ components.T
    np.testing.assert_allclose(projections.T @ projections, np.eye(4), atol=1e-8)


def test_ica_spans_the_principal_components():
    samples = images()
    components = np.linalg.qr(basis(ICA, samples, 3).reshape(3, 30).T)[0].T
    cosines = np.linalg.svd(components @ basis(PCA, samples, 3).reshape(3, 30).T, compute_uv=False)
    np.testing.assert_allclose(cosines, 1, atol=1e-10)


def test_ica_that_does_not_converge_says_so_in_the_log_alone(caplog):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        components = basis(ICA, images(), 4, iterations=1)
    assert "ConvergenceWarning: FastICA did not converge" in caplog.text
    assert np.isfinite(components).all()


@pytest.mark.parametrize(("method", "limit"), [(PCA, 8), (ICA, 7)])
@pytest.mark.parametrize("excess", [True, False])
def test_rank_that_the_samples_cannot_have_is_an_error(method, limit, excess):
    with pytest.raises(ValueError, match=rf"8 samples of 30 features: give 1 to {limit}"):
        basis(method, images(8), limit + 1 if excess else 0)
