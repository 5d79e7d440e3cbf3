"""Estimators with the interface of scikit-learn: `DeepPCA`, `DeepNMF` and `DeepSemiNMF`.

They share these parameters:

network: the `deeptensor.Network` of a factor, by default `Network()`; of NMF one for both factors, or a pair of that
    over the samples and that over the features. A convolutional network expects neighbours along its axes to be alike;
    for samples in no order take `Network("mlp")`.
feature_shape: of one sample, where the features are no vector but an image (h, w), say; its network then has as many
    dimensions. Their product is the number of features.
loss, stopping, iterations, learning_rate, schedule, device, progress: as in `deeptensor.factorise`; None stands for the
    default.
random_state: a number, a NumPy generator or RandomState to draw one from, or None for a different fit each time.

A fit divides the data by their largest magnitude. Fitted attributes of all are `loss_curve_` (the loss of each
iteration), `n_iter_` (how many there were), `stop_` (when the fit stopped and why), `n_components_` and
`n_features_in_`.
"""

from dataclasses import KW_ONLY, dataclass
from math import prod
from numbers import Integral
from typing import Self

import numpy as np

from deeptensor.decompositions import Networks, RandomState, scaled_fit
from deeptensor.extras import needed
from deeptensor.models import Decomposition, Model
from deeptensor.networks import Network

with needed("scikit-learn and SciPy", by="each of DeepPCA, DeepNMF and DeepSemiNMF"):
    from scipy.optimize import nnls
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.decomposition import non_negative_factorization
    from sklearn.utils.extmath import svd_flip
    from sklearn.utils.validation import check_array, check_is_fitted, validate_data

PRECISIONS = [np.float64, np.float32]
# The solver of the activations for fixed components is run until it converges, so that they hardly depend on the batch.
TOLERANCE = 1e-6
MAX_ITER = 10_000


@dataclass(repr=False, eq=False)
class _DeepTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What the estimators have in common: their parameters, and the fit of a model."""

    n_components: int
    _: KW_ONLY
    network: Networks | None = None
    feature_shape: tuple[int, ...] | None = None
    loss: str = "l2"
    stopping: object = None
    iterations: int = 1700
    learning_rate: float = 1.5e-2
    schedule: str = "linear"
    random_state: RandomState = 0
    device: str = "auto"
    progress: bool | None = None

    def _model(self, **settings) -> Model:
        if not isinstance(self.n_components, Integral) or self.n_components < 1:
            raise ValueError(f"n_components must be a whole number of at least 1, not {self.n_components!r}")
        return Model(int(self.n_components), network=self.network or Network(), **settings)

    def _sizes(self) -> tuple[int, ...]:
        """Return the shape of a sample."""
        sizes = tuple(self.feature_shape or (self.n_features_in_,))
        if prod(sizes) != self.n_features_in_:
            raise ValueError(f"feature_shape {sizes} has {prod(sizes)} entries, and X {self.n_features_in_} features")
        return sizes

    def _decomposition(self, Y: np.ndarray, model: Model, **settings) -> Decomposition:
        if self.stopping is not None:
            settings["stopping"] = self.stopping
        fit = scaled_fit(
            Y,
            model,
            self.random_state,
            loss=self.loss,
            iterations=self.iterations,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            device=self.device,
            progress=self.progress,
            **settings,
        )
        self.loss_curve_, self.n_iter_, self.stop_ = fit.loss, len(fit.loss), fit.stop
        self.n_components_ = model.rank
        return fit.decomposition

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@dataclass(repr=False, eq=False, kw_only=True)
class DeepPCA(_DeepTransformer):
    """Principal components of a covariance U U^T, where a network over the features generates U (p, r).

    U U^T is fitted to the sample covariance (arXiv 2204.03145). Where features are ordered, the components
    of few samples come out less noisy than those of `sklearn.decomposition.PCA`. `n_components` is r, at most p.

    Attributes have the names and meaning of PCA's: `components_` (r, p), orthonormal; `explained_variance_` (r,),
    descending, and `explained_variance_ratio_`, its share in the samples' total variance; `singular_values_`; `mean_`.
    The module's docstring has the parameters.
    """

    def fit(self, X, y=None) -> Self:
        """Fit U U^T to the covariance of the samples `X` (n, p), and decompose it."""
        X = validate_data(self, X, dtype=PRECISIONS, ensure_min_samples=2)
        n_samples, n_features = X.shape
        sizes = self._sizes()
        axes = range(len(sizes))
        model = self._model(structure="symmetric", modes=(tuple(axes), tuple(len(sizes) + axis for axis in axes)))
        if self.n_components > n_features:
            raise ValueError(f"n_components={self.n_components} must be at most n_features={n_features}")
        self.mean_ = X.mean(axis=0)
        centred = X - self.mean_
        covariance = centred.T @ centred / (n_samples - 1)
        U = self._decomposition(covariance.reshape(*sizes, *sizes), model).factors[0]
        _, roots, Vh = np.linalg.svd(U.reshape(n_features, -1).T.astype(np.float64), full_matrices=False)
        _, Vh = svd_flip(None, Vh, u_based_decision=False)
        self.components_ = Vh.astype(X.dtype)
        self.explained_variance_ = (roots**2).astype(X.dtype)
        total = np.trace(covariance)
        self.explained_variance_ratio_ = self.explained_variance_ / (total or 1)
        self.singular_values_ = np.sqrt((n_samples - 1) * self.explained_variance_)
        return self

    def transform(self, X) -> np.ndarray:
        """Return the coordinates (n, r) of samples (n, p) along the components."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=PRECISIONS, reset=False)
        return (X - self.mean_) @ self.components_.T

    def inverse_transform(self, X) -> np.ndarray:
        """Return the samples (n, p) of coordinates (n, r)."""
        check_is_fitted(self)
        return check_array(X, dtype=PRECISIONS) @ self.components_ + self.mean_

    def get_covariance(self) -> np.ndarray:
        """Return the fitted covariance U U^T (p, p), of rank r: unlike PCA's, it has no noise on its diagonal."""
        check_is_fitted(self)
        return (self.components_.T * self.explained_variance_) @ self.components_


@dataclass(repr=False, eq=False, kw_only=True)
class _DeepFactorisation(_DeepTransformer):
    """X ~ W H, where networks generate W (n, r) over the samples and H (r, p) over the features."""

    activation: str = "abs"
    l1_penalty: float = 0.0
    l2_penalty: float = 0.0

    def _fit(self, X: np.ndarray, activation: tuple[str | None, str | None]) -> Self:
        sizes = self._sizes()
        features = tuple(range(1, 1 + len(sizes)))
        model = self._model(modes=((0,), features), activation=activation)
        penalties = {"l1_penalty": self.l1_penalty, "l2_penalty": self.l2_penalty}
        W, H = self._decomposition(X.reshape(-1, *sizes), model, **penalties).factors
        self.activations_ = W
        self.components_ = np.ascontiguousarray(H.reshape(X.shape[1], -1).T)
        self.reconstruction_err_ = float(np.linalg.norm(X - self.activations_ @ self.components_))
        return self

    def inverse_transform(self, X) -> np.ndarray:
        """Return the samples (n, p) of activations (n, r)."""
        check_is_fitted(self)
        return check_array(X, dtype=PRECISIONS) @ self.components_


@dataclass(repr=False, eq=False, kw_only=True)
class DeepNMF(_DeepFactorisation):
    """Non-negative X ~ W H with W, H >= 0, where networks generate both (arXiv 2204.03145, Table 2).

    `activation` makes the networks' outputs non-negative: "relu", "softplus" or "abs". `loss` is "l2", "poisson" (the
    Kullback-Leibler divergence) or "l1"; the penalties are those of `deeptensor.factorise` on both factors.

    Attributes: `components_` H (r, p); `activations_` W (n, r) of the training samples, from the network, which
    `transform` knows nothing of; `reconstruction_err_`, the Frobenius norm of X - W H with these two.
    The module's docstring has the other parameters.
    """

    def fit(self, X, y=None) -> Self:
        """Fit W H to the samples `X` (n, p)."""
        X = validate_data(self, X, dtype=PRECISIONS, ensure_non_negative=True)
        return self._fit(X, (self.activation, self.activation))

    def transform(self, X) -> np.ndarray:
        """Return the activations (n, r) that fit samples (n, p) best, each on its own, for the fitted components.

        They minimise the Kullback-Leibler divergence where `loss` is "poisson", else the squares, without penalty.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=PRECISIONS, ensure_non_negative=True, reset=False)
        if not self.components_.any():  # which the solver refuses
            return np.zeros((len(X), len(self.components_)), X.dtype)
        solver, divergence = ("mu", "kullback-leibler") if self.loss == "poisson" else ("cd", "frobenius")
        W, _, _ = non_negative_factorization(
            X,
            H=self.components_.astype(X.dtype),
            update_H=False,
            solver=solver,
            beta_loss=divergence,
            tol=TOLERANCE,
            max_iter=MAX_ITER,
        )
        return W

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags


@dataclass(repr=False, eq=False, kw_only=True)
class DeepSemiNMF(_DeepFactorisation):
    """X ~ W H with one factor non-negative, where networks generate both (arXiv 2204.03145, Table 3).

    `nonnegative` says which: "components" H, as in semi-NMF by Ding, Li and Jordan (DOI 10.1109/TPAMI.2008.277), or
    "activations" W, as in the authors' code. `activation` and the attributes are those of `DeepNMF`.
    The module's docstring has the other parameters.
    """

    nonnegative: str = "components"

    def fit(self, X, y=None) -> Self:
        """Fit W H to the samples `X` (n, p)."""
        X = validate_data(self, X, dtype=PRECISIONS)
        activations = {"activations": (self.activation, None), "components": (None, self.activation)}
        if self.nonnegative not in activations:
            raise ValueError(f"unknown nonnegative {self.nonnegative!r}; there are: {', '.join(activations)}")
        return self._fit(X, activations[self.nonnegative])

    def transform(self, X) -> np.ndarray:
        """Return the activations (n, r) of the least squared error of samples (n, p) for the fitted components."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=PRECISIONS, reset=False)
        if self.nonnegative == "components":
            return np.linalg.lstsq(self.components_.T.astype(X.dtype), X.T)[0].T
        # |x - H^T w| is |Q^T x - R w| and a constant.
        Q, R = np.linalg.qr(self.components_.T)
        return np.array([nnls(R, x)[0] for x in X @ Q], dtype=X.dtype)
