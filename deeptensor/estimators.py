"""Estimators with the interface of scikit-learn: `DeepPCA`, `DeepNMF` and `DeepSemiNMF`.

They share these parameters:

n_components: r; None chooses it by parallel analysis (`deeptensor.ranks`), and a number between 0 and 1 as the fewest
    singular values whose squares hold that share of the energy of X, of DeepPCA of the centred X.
network: the `deeptensor.Network` of a factor, by default `Network()`; of NMF one for both factors, or a pair of that
    over the samples and that over the features. A convolutional network expects neighbours along its axes to be alike;
    for samples in no order take `Network("mlp")`. The settings of a single one are parameters, too, such as
    `network__channels`.
feature_shape: of one sample, where the features are no vector but an image (h, w), say; its network then has as many
    dimensions. Their product is the number of features.
loss, stopping, iterations, learning_rate, schedule, device, progress: as in `deeptensor.factorise`; None stands for the
    default.
random_state: a number, a NumPy generator or RandomState to draw one from, or None for a different fit each time.

A fit divides the data by twice their root mean square, so that it scales with them over the whole range of double
precision. The same `random_state` gives the same fit as `deeptensor.factorise` says of `seeds`. `transform` is of each
sample alone: a batch and one row after the other agree up to rounding, and zeros have zero activations. Fitted
attributes of all are `loss_curve_` (the loss of each iteration), `n_iter_` (how many there were), `stop_` (when the fit
stopped and why), `n_components_` and `n_features_in_`. Parameters that make no sense raise ValueError in `fit`.
"""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, replace
from math import prod
from typing import Self

import numpy as np

from deeptensor.arguments import check_choice, check_whole
from deeptensor.arrays import refuse_masked
from deeptensor.decompositions import Networks, RandomState, scaled_fit
from deeptensor.extras import needed
from deeptensor.models import ACTIVATIONS, Decomposition, Model
from deeptensor.networks import Network
from deeptensor.ranks import Rank, chosen_rank

with needed("scikit-learn and SciPy", by="each of DeepPCA, DeepNMF and DeepSemiNMF"):
    from scipy.optimize import nnls
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.extmath import svd_flip
    from sklearn.utils.validation import check_array, check_is_fitted, validate_data

PRECISIONS = [np.float64, np.float32]
# The multiplicative updates of a sample's activations end when none changes by more than this share of their sum.
TOLERANCE = 1e-8
MAX_ITER = 10_000
OF_NETWORK = "network__"
SIDES = ("activations", "components")


@dataclass(repr=False, eq=False)
class _DeepTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What the estimators have in common: their parameters, and the fit of a model."""

    n_components: Rank = None
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

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """Return the parameters by name; with `deep` also those of a single network, by `network__` and theirs."""
        params = super().get_params(deep=deep)
        network = Network() if self.network is None else self.network
        if deep and isinstance(network, Network):
            params |= {OF_NETWORK + name: value for name, value in asdict(network).items()}
        return params

    def set_params(self, **params) -> Self:
        """Set parameters by name; those of the network replace it by another, for a network does not change."""
        of_network = {name: params.pop(name) for name in list(params) if name.startswith(OF_NETWORK)}
        super().set_params(**params)
        if of_network:
            unknown = sorted(of_network.keys() - self.get_params().keys())
            if unknown:
                raise ValueError(f"there are no parameters {', '.join(unknown)} of the network {self.network!r}")
            changes = {name.removeprefix(OF_NETWORK): value for name, value in of_network.items()}
            self.network = replace(Network() if self.network is None else self.network, **changes)
        return self

    def _validated(self, X, fitted: bool = False, **settings) -> np.ndarray:
        """Return the samples `X` (n, p) as scikit-learn checks them, in single or double precision."""
        if fitted:
            check_is_fitted(self)
        refuse_masked(X, "X")
        return validate_data(self, X, dtype=PRECISIONS, reset=not fitted, **settings)

    def _model(self, X: np.ndarray, **settings) -> Model:
        """Return the model of as many components as are wanted of `X`, or fit to it."""
        self.n_components_ = chosen_rank(self.n_components, X, "n_components")
        network = Network() if self.network is None else self.network
        return Model(self.n_components_, network=network, **settings)

    def _sizes(self) -> tuple[int, ...]:
        """Return the shape of a sample."""
        if self.feature_shape is None:
            return (self.n_features_in_,)
        if not isinstance(self.feature_shape, Sequence | np.ndarray) or not 1 <= len(self.feature_shape) <= 3:
            raise ValueError(f"feature_shape must be one to three whole numbers, not {self.feature_shape!r}")
        for size in self.feature_shape:
            check_whole("each size of feature_shape", size)
        sizes = tuple(map(int, self.feature_shape))
        if prod(sizes) != self.n_features_in_:
            raise ValueError(f"feature_shape {sizes} has {prod(sizes)} entries, and X {self.n_features_in_} features")
        return sizes

    def _decomposition(self, Y: np.ndarray, model: Model, **settings) -> Decomposition:
        if self.stopping is not None:
            settings["stopping"] = self.stopping
        fit, _ = scaled_fit(
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
        return fit.decomposition

    def _combined(self, X) -> np.ndarray:
        """Return the sums (n, p) of the components, weighted by the rows of X (n, r)."""
        check_is_fitted(self)
        refuse_masked(X, "X")
        X = check_array(X, dtype=PRECISIONS)
        if X.shape[1] != len(self.components_):
            raise ValueError(f"X has {X.shape[1]} columns, and there are {len(self.components_)} components")
        return X @ self.components_

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
    Variances are infinite or zero where the data's precision cannot hold such squares; the other attributes are right.
    The module's docstring has the parameters.
    """

    def fit(self, X, y=None) -> Self:
        """Fit U U^T to the covariance of the samples `X` (n, p), and decompose it."""
        X = self._validated(X, ensure_min_samples=2)
        n_samples, n_features = X.shape
        sizes = self._sizes()
        axes = range(len(sizes))
        modes = (tuple(axes), tuple(len(sizes) + axis for axis in axes))
        scaled, exponent = _without_exponent(X)
        mean = scaled.mean(axis=0)
        centred = scaled - mean
        model = self._model(centred, structure="symmetric", modes=modes)
        if self.n_components_ > n_features:
            raise ValueError(f"n_components={self.n_components} must be at most n_features={n_features}")
        covariance = centred.T @ centred / (n_samples - 1)
        U = self._decomposition(covariance.reshape(*sizes, *sizes), model).factors[0]
        _, roots, Vh = np.linalg.svd(U.reshape(n_features, -1).T, full_matrices=False)
        _, Vh = svd_flip(None, Vh, u_based_decision=False)
        self.components_ = Vh.astype(X.dtype)
        self.mean_ = np.ldexp(mean, exponent).astype(X.dtype)
        self.explained_variance_ratio_ = (roots**2 / (np.trace(covariance) or 1)).astype(X.dtype)
        roots = np.ldexp(roots, exponent)
        self.singular_values_ = (np.sqrt(n_samples - 1) * roots).astype(X.dtype)
        with np.errstate(over="ignore"):
            self.explained_variance_ = (roots**2).astype(X.dtype)
        return self

    def transform(self, X) -> np.ndarray:
        """Return the coordinates (n, r) of samples (n, p) along the components."""
        return (self._validated(X, fitted=True) - self.mean_) @ self.components_.T

    def inverse_transform(self, X) -> np.ndarray:
        """Return the samples (n, p) of coordinates (n, r)."""
        return self._combined(X) + self.mean_

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

    def _fit(self, X: np.ndarray, nonnegative: Sequence[str]) -> Self:
        """Fit W H, of which `nonnegative` names the sides that the activation makes so."""
        check_choice("activation", self.activation, ACTIVATIONS)
        activation = tuple(self.activation if side in nonnegative else None for side in SIDES)
        sizes = self._sizes()
        features = tuple(range(1, 1 + len(sizes)))
        scaled, exponent = _without_exponent(X)
        longer_first = scaled if len(X) >= X.shape[1] else scaled.T
        model = self._model(longer_first, modes=((0,), features), activation=activation)
        penalties = {"l1_penalty": self.l1_penalty, "l2_penalty": self.l2_penalty}
        W, H = self._decomposition(scaled.reshape(-1, *sizes), model, **penalties).factors
        H = H.reshape(X.shape[1], -1).T
        self.activations_ = np.ldexp(W, exponent).astype(X.dtype)
        self.components_ = np.ascontiguousarray(H.astype(X.dtype))
        self.reconstruction_err_ = float(np.ldexp(np.linalg.norm(scaled - W @ H), exponent))
        return self

    def inverse_transform(self, X) -> np.ndarray:
        """Return the samples (n, p) of activations (n, r)."""
        return self._combined(X)


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
        return self._fit(self._validated(X, ensure_non_negative=True), SIDES)

    def transform(self, X) -> np.ndarray:
        """Return the activations (n, r) that fit samples (n, p) best, each on its own, for the fitted components.

        They minimise the Kullback-Leibler divergence where `loss` is "poisson", else the squares, without penalty.
        """
        X = self._validated(X, fitted=True, ensure_non_negative=True)
        solve = _least_divergence if self.loss == "poisson" else _non_negative_least_squares
        return _activations(solve, X, self.components_)

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
        check_choice("nonnegative", self.nonnegative, SIDES)
        return self._fit(self._validated(X), [self.nonnegative])

    def transform(self, X) -> np.ndarray:
        """Return the activations (n, r) of the least squared error of samples (n, p) for the fitted components."""
        X = self._validated(X, fitted=True)
        solve = _least_squares if self.nonnegative == "components" else _non_negative_least_squares
        return _activations(solve, X, self.components_)


def _without_exponent(X: np.ndarray, axis: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return X 2^-e in double precision, with magnitudes of at most 1, and e; one for all X, or along the axis."""
    exponent = np.frexp(np.abs(X.astype(np.float64)).max(axis=axis, keepdims=axis is not None))[1]
    return np.ldexp(X.astype(np.float64), -exponent), exponent


def _activations(solve: Callable, X: np.ndarray, H: np.ndarray) -> np.ndarray:
    """Return the activations (n, r) that `solve` finds for samples X (n, p) and components H (r, p).

    Each problem scales with its sample, which is therefore brought to a magnitude of about 1.
    """
    scaled, exponents = _without_exponent(X, axis=1)
    return np.ldexp(solve(scaled, H.astype(np.float64)), exponents).astype(X.dtype)


def _least_squares(X: np.ndarray, H: np.ndarray) -> np.ndarray:
    return X @ np.linalg.pinv(H, rtol=None)


def _non_negative_least_squares(X: np.ndarray, H: np.ndarray) -> np.ndarray:
    # |x - H^T w| is |Q^T x - R w| and a constant.
    Q, R = np.linalg.qr(H.T)
    return np.array([nnls(R, x, maxiter=MAX_ITER)[0] for x in X @ Q])


def _least_divergence(X: np.ndarray, H: np.ndarray) -> np.ndarray:
    """Return the W >= 0 of the least Kullback-Leibler divergence of X from W H, by multiplicative updates.

    Source: Lee and Seung, Algorithms for non-negative matrix factorization, NIPS 13 (2001), equation 5. Each row ends
    by itself, so that the others do not matter to it.
    """
    sums = H.sum(axis=1)
    # What no component reaches has the same divergence for any W, and a component of zeros no activation.
    X = X * (H > 0).any(axis=0)
    totals = X.sum(axis=1)
    W = np.outer(totals, sums > 0) / max(sums.sum(), np.finfo(float).tiny)
    left = np.flatnonzero(totals * sums.sum() > 0)
    for _ in range(MAX_ITER):
        if not len(left):
            break
        predicted = W[left] @ H
        ratio = np.divide(X[left], predicted, out=np.zeros_like(predicted), where=predicted > 0)
        change = W[left] * np.divide(ratio @ H.T, sums, out=np.ones_like(W[left]), where=sums > 0) - W[left]
        W[left] += change
        left = left[np.abs(change * sums).max(axis=1) > TOLERANCE * totals[left]]
    return W
