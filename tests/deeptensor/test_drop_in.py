"""What people do with scikit-learn's and TensorLy's decompositions works with this library's names put in."""

import numpy as np
import pandas as pd
import pytest
import tensorly as tl
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import NMF, PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from tensorly.decomposition import parafac
from tensorly.decomposition import tucker as tucker_of_tensorly

from deeptensor import DeepNMF, DeepPCA, DeepSemiNMF, Network, cp, tucker

SETTINGS = {
    "network": Network(channels=16, scales=2, perturbation=0),
    "iterations": 200,
    "learning_rate": 1e-2,
    "schedule": "fixed",
}
# For features in no order.
UNORDERED = {
    "network": Network("mlp", channels=16, perturbation=0),
    "iterations": 200,
    "learning_rate": 1e-2,
    "schedule": "fixed",
}


def exact(*shape: int, rank: int = 3) -> np.ndarray:
    """Return a noise-free non-negative array of this rank, of smooth factors."""
    factors = [
        np.exp(-20 * (np.linspace(0, 1, size)[:, None] - np.linspace(0.1, 0.9, rank)) ** 2) + 0.1 for size in shape
    ]
    return tl.cp_to_tensor((np.linspace(3, 2, rank), factors))


def error(X: np.ndarray, estimate: np.ndarray) -> float:
    return np.linalg.norm(estimate - X) / np.linalg.norm(X)


def test_exact_rank_is_found_beside_scikit_learn():
    X = exact(40, 30)
    deep, pca = DeepPCA(3, **SETTINGS).fit(X), PCA(3).fit(X)
    # The fit is to the covariance, in which an error of a component counts by its square.
    assert error(X, deep.inverse_transform(deep.transform(X))) < 0.05
    np.testing.assert_allclose(deep.explained_variance_ratio_, pca.explained_variance_ratio_, atol=0.02)

    deep, nmf = DeepNMF(3, **SETTINGS).fit(X), NMF(3, max_iter=2000).fit(X)
    assert error(X, deep.inverse_transform(deep.transform(X))) < 0.02 + error(X, nmf.transform(X) @ nmf.components_)


def test_pca_of_six_points():
    X = np.array([[-1, -1], [-2, -1], [-3, -2], [1, 1], [2, 1], [3, 2]])
    deep, pca = DeepPCA(n_components=2, **UNORDERED), PCA(n_components=2)
    projected = deep.fit_transform(X)
    assert projected.shape == pca.fit_transform(X).shape == (6, 2)
    np.testing.assert_allclose(deep.explained_variance_ratio_, pca.explained_variance_ratio_, atol=0.02)
    # The second variance, 0.06, is fitted to a hundredth of the first, 7.94.
    np.testing.assert_allclose(deep.explained_variance_, pca.explained_variance_, atol=0.08)
    assert deep.singular_values_[0] == pytest.approx(pca.singular_values_[0], abs=0.01)
    np.testing.assert_allclose(np.abs(deep.components_), np.abs(pca.components_), atol=0.02)
    np.testing.assert_allclose(deep.inverse_transform(projected), X, atol=1e-6)
    assert (deep.n_features_in_, deep.n_components_, deep.mean_.tolist()) == (2, 2, [0, 0])
    assert list(deep.get_feature_names_out()) == ["deeppca0", "deeppca1"]


def test_nmf_of_six_points():
    X = np.array([[1, 1], [2, 1], [3, 1.2], [4, 1], [5, 0.8], [6, 1]])
    model = DeepNMF(n_components=2, random_state=0, **UNORDERED)
    W = model.fit_transform(X)
    H = model.components_
    assert W.shape == (6, 2)
    assert H.shape == (2, 2)
    assert min(W.min(), H.min()) >= 0
    assert error(X, W @ H) < 0.05
    assert model.reconstruction_err_ < 0.2 * np.linalg.norm(X)


def test_iris_is_projected_as_a_data_frame():
    X, _ = load_iris(return_X_y=True, as_frame=True)
    deep = DeepPCA(n_components=2, **UNORDERED).set_output(transform="pandas")
    projected = deep.fit_transform(X)
    assert isinstance(projected, pd.DataFrame)
    assert list(projected.columns) == ["deeppca0", "deeppca1"]
    assert list(deep.feature_names_in_) == list(X.columns)
    # Of a component that the network finds, PCA's second has a share of 5 %.
    assert deep.explained_variance_ratio_[0] == pytest.approx(PCA(2).fit(X).explained_variance_ratio_[0], abs=0.03)
    both = ColumnTransformer([("pca", DeepPCA(1, **UNORDERED), list(X.columns[:2]))], remainder="passthrough")
    assert both.fit_transform(X).shape == (150, 3)


def test_digits_are_classified_in_a_pipeline_as_well_as_with_pca():
    X, y = load_digits(n_class=4, return_X_y=True)
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    scores = []
    for reduce in (DeepPCA(8, feature_shape=(8, 8), **SETTINGS), PCA(8)):
        pipe = Pipeline([("reduce", reduce), ("scale", StandardScaler()), ("svm", SVC())])
        scores.append(pipe.fit(train, y_train).score(test, y_test))
    assert scores[0] > scores[1] - 0.05 > 0.9


def test_grid_search_over_components_and_channels():
    X, y = load_digits(n_class=3, return_X_y=True)
    X, y = X[:90], y[:90]
    pipe = make_pipeline(DeepNMF(iterations=20, learning_rate=1e-2), LogisticRegression(max_iter=500))
    pipe.set_params(deepnmf__network__scales=1)
    grid = {"deepnmf__n_components": [1, 4], "deepnmf__network__channels": [4, 8]}
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_params_["deepnmf__n_components"] == 4
    assert search.best_estimator_[0].network.scales == 1
    assert np.isfinite(cross_val_score(search.best_estimator_, X, y, cv=2)).all()


def test_semi_nmf_takes_signed_data_and_keeps_the_components_non_negative():
    X = exact(40, 30) * np.where(np.arange(40) < 20, -1, 1)[:, None]
    model = DeepSemiNMF(3, **SETTINGS)
    W = model.fit_transform(X)
    assert (model.components_ >= 0).all()
    assert W.min() < 0
    assert error(X, model.inverse_transform(W)) < 0.1


def test_parafac_of_a_tensor():
    X = exact(12, 10, 8, rank=2)
    tensor = tl.tensor(X)
    of_tensorly = parafac(tensor, rank=2, normalize_factors=True, random_state=0, n_iter_max=500)
    result = cp(tensor, rank=2, normalize_factors=True, **SETTINGS)
    weights, (A, B, C) = result
    assert [factor.shape for factor in (A, B, C)] == [factor.shape for factor in of_tensorly.factors]
    assert error(X, tl.cp_to_tensor(result)) < 0.02
    assert error(X, np.einsum("r,ir,jr,kr->ijk", weights, A, B, C)) < 0.02
    unfolded = A @ np.diag(weights) @ tl.tenalg.khatri_rao([B, C]).T
    np.testing.assert_allclose(unfolded, tl.unfold(tl.cp_to_tensor(result), 0), atol=1e-6)
    # Up to order and sign, a tensor has one decomposition of this rank.
    similarity, _ = tl.metrics.factors.congruence_coefficient(A, of_tensorly.factors[0])
    assert abs(similarity) > 0.98


def test_tucker_of_a_tensor():
    X = exact(12, 10, 8, rank=2)
    core, factors = tucker(tl.tensor(X), rank=[2, 3, 2], **SETTINGS)
    expected = tucker_of_tensorly(tl.tensor(X), rank=[2, 3, 2])
    assert core.shape == expected.core.shape == (2, 3, 2)
    assert [factor.shape for factor in factors] == [factor.shape for factor in expected.factors]
    assert error(X, tl.tucker_to_tensor((core, factors))) < 0.02
    projected = tl.tenalg.multi_mode_dot(X, [factor.T for factor in factors])
    np.testing.assert_allclose(projected, core, atol=0.05 * np.abs(core).max())
