"""The estimators: scikit-learn's own checks, and what each fit means."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.decomposition import NMF, PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from deeptensor.estimators import DeepNMF, DeepPCA, DeepSemiNMF
from deeptensor.networks import Network
from deeptensor.stopping import HeldOut, Stop

TINY = {"network": Network(channels=8, scales=1), "iterations": 5, "learning_rate": 1e-2}
FITTED = {
    "network": Network(channels=16, scales=2),
    "iterations": 200,
    "learning_rate": 1e-2,
    "schedule": "fixed",
}


def bumps(size: int, count: int, width: float = 0.02) -> np.ndarray:
    """Return (count, size): non-negative bumps side by side."""
    positions, centres = np.linspace(0, 1, size), np.linspace(0.1, 0.9, count)[:, None]
    return np.exp(-((positions - centres) ** 2) / width)


def mixtures(samples: int = 40, features: int = 30, components: int = 3) -> np.ndarray:
    """Return smoothly varying mixtures of bumps."""
    return 5 * bumps(samples, components, width=0.1).T @ bumps(features, components)


def signed_samples(samples: int = 200, features: int = 30) -> np.ndarray:
    """Return centred samples of a smooth covariance of rank 3, with variances 9, 4 and 1."""
    positions = np.arange(features) + 0.5
    basis = np.sqrt(2 / features) * np.cos(np.pi * positions * np.array([[1], [2], [3]]) / features)
    return np.random.default_rng(0).standard_normal((samples, 3)) * [3, 2, 1] @ basis


# Those of the array API skip themselves unless SCIPY_ARRAY_API=1 is set before SciPy is imported; then they pass, too.
@parametrize_with_checks(
    [
        DeepPCA(1, **TINY),
        DeepNMF(2, **TINY),
        DeepSemiNMF(2, **TINY),
    ]
)
def test_check_of_scikit_learn_passes(estimator, check):
    check(estimator)


def test_pca_finds_the_components_and_variances_of_smooth_samples():
    X = signed_samples() + 2
    deep, pca = DeepPCA(3, **FITTED).fit(X), PCA(3).fit(X)
    assert np.abs(deep.components_ @ deep.components_.T - np.eye(3)).max() < 1e-12
    # Cosine of the largest angle between the subspaces.
    assert np.linalg.svd(deep.components_ @ pca.components_.T, compute_uv=False).min() > 0.95
    np.testing.assert_allclose(deep.mean_, pca.mean_)
    largest = pca.explained_variance_[0]
    np.testing.assert_allclose(deep.explained_variance_, pca.explained_variance_, atol=0.02 * largest)
    np.testing.assert_allclose(deep.explained_variance_ratio_, pca.explained_variance_ratio_, atol=0.02)
    np.testing.assert_allclose(deep.singular_values_, np.sqrt(199 * deep.explained_variance_))
    np.testing.assert_allclose(np.abs(deep.transform(X)[:, 0]), np.abs(pca.transform(X)[:, 0]), atol=0.2)
    assert np.linalg.norm(deep.inverse_transform(deep.transform(X)) - X) < 0.1 * np.linalg.norm(X - X.mean(axis=0))


def test_pca_components_of_few_noisy_samples_are_closer_to_the_truth_than_those_of_pca():
    clean = signed_samples(samples=20, features=60)
    basis = np.linalg.svd(clean)[2][:3]
    noisy = clean + np.random.default_rng(1).standard_normal(clean.shape)
    deep = DeepPCA(3, **{**FITTED, "iterations": 100}).fit(noisy)
    affinity, that_of_pca = (
        np.square(estimator.components_ @ basis.T).sum() / 3 for estimator in (deep, PCA(3).fit(noisy))
    )
    assert affinity > that_of_pca + 0.02


def test_pca_covariance_is_that_of_the_components_and_no_noise():
    deep = DeepPCA(2, **TINY).fit(signed_samples())
    expected = deep.components_.T @ np.diag(deep.explained_variance_) @ deep.components_
    np.testing.assert_allclose(deep.get_covariance(), expected, atol=1e-12)
    assert np.linalg.matrix_rank(deep.get_covariance()) == 2


@pytest.mark.parametrize(("Estimator", "shape"), [(DeepPCA, (6, 5)), (DeepNMF, (6, 5)), (DeepSemiNMF, (3, 5, 2))])
def test_feature_shape_makes_the_network_look_along_the_axes_of_a_sample(Estimator, shape):
    X = mixtures()
    flat, shaped = (Estimator(2, feature_shape=given, **TINY).fit(X) for given in (None, shape))
    assert flat.components_.shape == shaped.components_.shape == (2, 30)
    assert not np.allclose(flat.components_, shaped.components_)


def test_images_are_decomposed_by_a_network_of_two_dimensions():
    images = np.einsum("nr,rh,rw->nhw", bumps(30, 2, 0.1).T, bumps(9, 2, 0.1), bumps(8, 2, 0.1)[::-1])
    X = images.reshape(30, 72)
    deep = DeepNMF(2, activation="abs", feature_shape=(9, 8), **FITTED).fit(X)
    assert deep.reconstruction_err_ < 0.05 * np.linalg.norm(X)


# "relu" has no gradient where it is zero, so that a short fit may end far from the data; 1 is the error of their mean.
@pytest.mark.parametrize(
    ("activation", "loss", "tolerance"), [("abs", "l2", 0.05), ("softplus", "poisson", 0.1), ("relu", "l1", 1)]
)
def test_nmf_of_mixtures_is_non_negative_and_fits(activation, loss, tolerance):
    X = mixtures()
    deep = DeepNMF(3, activation=activation, loss=loss, **FITTED).fit(X)
    assert (deep.components_ >= 0).all()
    assert (deep.activations_ >= 0).all()
    assert deep.activations_.shape == (40, 3)
    error = np.linalg.norm(X - deep.activations_ @ deep.components_)
    assert deep.reconstruction_err_ == pytest.approx(error)
    assert error < tolerance * np.linalg.norm(X - X.mean())


@pytest.mark.parametrize("loss", ["l2", "poisson"])
def test_nmf_transform_of_the_training_samples_fits_them(loss):
    X = mixtures()
    deep = DeepNMF(3, activation="abs", loss=loss, **FITTED).fit(X)
    W = deep.transform(X)
    assert (W >= 0).all()
    error = np.linalg.norm(X - deep.inverse_transform(W))
    assert error < 0.1 * np.linalg.norm(X - X.mean())
    if loss == "l2":  # of which it is the minimum
        assert error <= deep.reconstruction_err_ * (1 + 1e-4)


def test_nmf_of_noisy_mixtures_with_components_to_spare_is_closer_to_the_truth_than_that_of_scikit_learn():
    X = mixtures()
    noisy = np.random.default_rng(0).poisson(X).astype(float)
    settings = {"network": Network(channels=16, scales=2), "iterations": 100, "learning_rate": 1e-2}
    deep = DeepNMF(6, activation="abs", loss="poisson", **settings).fit(noisy)
    nmf = NMF(6, solver="mu", beta_loss="kullback-leibler", max_iter=1000).fit(noisy)
    error, that_of_nmf = (
        np.linalg.norm(X - W @ H)
        for W, H in ((deep.activations_, deep.components_), (nmf.transform(noisy), nmf.components_))
    )
    assert error < 0.85 * that_of_nmf


@pytest.mark.parametrize("side", ["components", "activations"])
def test_semi_nmf_has_one_non_negative_side(side):
    activations, components = 5 * bumps(40, 3, width=0.1).T, bumps(30, 3)
    (activations if side == "components" else components)[:, 1] *= -1
    X = activations @ components
    deep = DeepSemiNMF(3, nonnegative=side, activation="abs", **FITTED).fit(X)
    constrained, free = deep.components_, deep.activations_
    if side == "activations":
        constrained, free = free, constrained
    assert (constrained >= 0).all()
    assert free.min() < 0 < free.max()
    assert deep.reconstruction_err_ < 0.1 * np.linalg.norm(X)
    W = deep.transform(X)
    assert (W.min() >= 0) == (side == "activations")
    assert np.linalg.norm(X - deep.inverse_transform(W)) <= deep.reconstruction_err_ * (1 + 1e-6)


def test_semi_nmf_activations_for_fixed_components_satisfy_the_conditions_of_optimality():
    X = signed_samples(30)
    deep = DeepSemiNMF(4, nonnegative="activations", **TINY).fit(X)
    W, H = deep.transform(X), deep.components_
    gradient = (W @ H - X) @ H.T
    scale = np.abs(X @ H.T).max()
    assert (gradient > -1e-9 * scale).all()
    assert np.abs(gradient[W > 0]).max() < 1e-9 * scale


@pytest.mark.parametrize("Estimator", [DeepPCA, DeepNMF, DeepSemiNMF])
def test_zeros_are_fitted_by_zeros(Estimator):
    X = np.zeros((9, 8))
    deep = Estimator(2, **TINY).fit(X)
    fitted = deep.explained_variance_ if Estimator is DeepPCA else deep.components_
    assert (fitted == 0).all()
    assert (deep.inverse_transform(deep.transform(X)) == 0).all()


@pytest.mark.parametrize("Estimator", [DeepPCA, DeepNMF, DeepSemiNMF])
def test_random_state_decides(Estimator):
    X = mixtures()
    first, again, other = (Estimator(2, random_state=seed, **TINY).fit(X).components_ for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize("Estimator", [DeepPCA, DeepNMF, DeepSemiNMF])
def test_fitted_estimator_tells_how_the_fit_went(Estimator):
    deep = Estimator(2, stopping=HeldOut(fraction=0.2, patience=1), **TINY | {"iterations": 200}).fit(mixtures())
    assert deep.loss_curve_.shape == (deep.n_iter_,)
    assert isinstance(deep.stop_, Stop)
    assert deep.stop_.iteration == deep.n_iter_ < 200
    assert deep.stop_.reason == "the held-out error has not fallen for 1 iterations"
    assert deep.n_components_ == 2


def test_penalties_shrink_the_factors():
    X = mixtures()
    settings = {**FITTED, "iterations": 50, "activation": "abs"}
    plain, l1, l2 = (DeepNMF(2, **settings, **penalty).fit(X) for penalty in ({}, {"l1_penalty": 1}, {"l2_penalty": 1}))
    for shrunk in (l1, l2):
        assert (
            np.abs(shrunk.activations_ @ shrunk.components_).sum()
            < 0.8 * (plain.activations_ @ plain.components_).sum()
        )


def test_estimators_work_in_a_pipeline_and_a_grid_search():
    X = mixtures(60)
    y = np.arange(60) // 20
    pipeline = make_pipeline(DeepNMF(1, **TINY), LogisticRegression())
    grid = {"deepnmf__n_components": [1, 2], "deepnmf__network": [TINY["network"], Network(channels=4, scales=0)]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert search.predict(X).shape == (60,)
    assert clone(search.best_estimator_).get_params()["deepnmf__iterations"] == 5


def test_settings_of_the_network_are_parameters():
    deep = DeepNMF(2, iterations=3).set_params(network__channels=4, network__scales=1, learning_rate=1e-2)
    assert deep.network == Network(channels=4, scales=1)
    assert deep.get_params()["network__channels"] == clone(deep).get_params()["network__channels"] == 4
    assert "network__channels" not in deep.get_params(deep=False)
    assert DeepNMF(2).get_params()["network__channels"] == Network().channels
    assert deep.set_params(network=Network("mlp"), network__channels=6).network == Network("mlp", channels=6)
    search = GridSearchCV(deep, {"network__channels": [2, 3]}, cv=2, scoring=lambda fitted, X: fitted.network.channels)
    assert search.fit(mixtures()).best_params_ == {"network__channels": 3}
    for wrong in ({"network__width": 3}, {"network__channels": 2, "network": (Network(), Network())}):
        with pytest.raises(ValueError, match=r"there are no parameters network__\w+ of the network"):
            deep.set_params(**wrong)
    with pytest.raises(ValueError, match="channels of a network must be a whole number"):
        DeepNMF(2).set_params(network__channels="4")


@pytest.mark.parametrize("Estimator", [DeepPCA, DeepNMF, DeepSemiNMF])
@pytest.mark.parametrize(
    ("X", "error"),
    [
        (sparse.random_array((6, 5), density=0.5, rng=0), TypeError),
        (pd.DataFrame({"a": [1, 2, pd.NA], "b": [1, 2, 3]}), (TypeError, ValueError)),
        (pd.DataFrame({"a": [1, 2, pd.NA], "b": [1, 2, 3]}, dtype="Int64"), ValueError),
        (np.ones((6, 5), complex), ValueError),
        (np.full((6, 5), np.nan), ValueError),
        (np.ones((0, 5)), ValueError),
        (np.ones((6, 0)), ValueError),
        (np.ones(6), ValueError),
        (1.0, ValueError),
        (None, ValueError),
        ([["a", "b"]] * 3, ValueError),
    ],
)
def test_samples_that_make_no_sense_are_refused(Estimator, X, error):
    with pytest.raises(error):
        Estimator(2, **TINY).fit(X)


def test_activations_of_another_number_of_columns_are_refused():
    deep = DeepPCA(2, **TINY).fit(mixtures())
    with pytest.raises(ValueError, match="X has 3 columns, and there are 2 components"):
        deep.inverse_transform(np.ones((4, 3)))


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (DeepPCA(0), "n_components must be a whole number of at least 1, not 0"),
        (DeepNMF("3"), "n_components must be a whole number of at least 1, not '3'"),
        (DeepSemiNMF(True), "n_components must be a whole number of at least 1, not True"),
        (DeepNMF(2.0), "n_components must be a whole number of at least 1, not 2.0"),
        (DeepPCA(31), "n_components=31 must be at most n_features=30"),
        (DeepPCA(2, feature_shape=(5, 5)), r"feature_shape \(5, 5\) has 25 entries, and X 30 features"),
        (DeepPCA(2, feature_shape=30), "feature_shape must be one to three whole numbers, not 30"),
        (
            DeepPCA(2, feature_shape=(5, 6.0)),
            "each size of feature_shape must be a whole number of at least 1, not 6.0",
        ),
        (DeepPCA(2, feature_shape=(5, 3, 2, 1)), "feature_shape must be one to three whole numbers"),
        (DeepNMF(2, activation="tanh"), "unknown activation 'tanh'"),
        (DeepNMF(2, activation=None), "unknown activation None; there are: softplus, abs, relu"),
        (DeepSemiNMF(2, activation=None), "unknown activation None; there are: softplus, abs, relu"),
        (DeepSemiNMF(2, nonnegative="both"), "unknown nonnegative 'both'; there are: activations, components"),
        (DeepNMF(2, loss="l3"), "unknown loss 'l3'"),
        (DeepNMF(2, loss=None), "unknown loss None"),
        (DeepNMF(2, iterations=0), "iterations must be"),
        (DeepNMF(2, iterations="9"), "iterations must be"),
        (DeepNMF(2, l1_penalty=np.nan), "l1_penalty must be"),
        (DeepNMF(2, learning_rate=None), "learning_rate must be"),
        (DeepPCA(2, network="mlp"), "network must be a deeptensor.Network"),
        (DeepPCA(2, network=()), "give one network, or 1, not 0"),
        (DeepPCA(2, network=0), "network must be a deeptensor.Network"),
        (DeepPCA(2, stopping=HeldOut), "stopping must be a rule"),
        (DeepPCA(2, device="gpu"), "device 'gpu' is none"),
        (DeepPCA(2, random_state="1"), "random_state must be"),
        (DeepPCA(2, progress="no"), "progress must be"),
    ],
)
def test_parameter_that_makes_no_sense_is_refused(estimator, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(mixtures())


def test_negative_samples_are_refused_by_nmf():
    with pytest.raises(ValueError, match="Negative values"):
        DeepNMF(2, **TINY).fit(signed_samples())
