"""Decompositions by the names and in the forms of NumPy (`svd`) and TensorLy (`cp`, `tucker`), and `recover`.

Each takes the settings of `deeptensor.factorise` as keywords, `seed` by scikit-learn's name: `random_state` is a
number, a NumPy generator or RandomState to draw one from, or None for a different one each time. For the fit, all but
`recover` divide the data by their largest magnitude, so that the result scales with them; zeros have zero factors.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from deeptensor.arrays import Array, checked, like
from deeptensor.extras import needed
from deeptensor.fit import Fit, factorise, factorise_many
from deeptensor.models import Decomposition, Model
from deeptensor.networks import Network

if TYPE_CHECKING:
    from tensorly.cp_tensor import CPTensor
    from tensorly.tucker_tensor import TuckerTensor

RandomState = int | np.random.Generator | np.random.RandomState | None
Networks = Network | tuple[Network, ...]

NETWORK = Network()


def _settings_of_factorise(*without: str) -> Callable[[Callable], Callable]:
    """Return the decorator that shows in a function's signature the settings which it passes on to `factorise`."""
    shown = [
        setting
        for setting in inspect.signature(factorise_many).parameters.values()
        if setting.kind is inspect.Parameter.KEYWORD_ONLY and setting.name not in ("seeds", *without)
    ]

    def decorate(function: Callable) -> Callable:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        function.__signature__ = signature.replace(parameters=[*own, *shown])
        return function

    return decorate


@_settings_of_factorise("operator", "scale")
def svd(
    X: Array, rank: int, *, network: Networks = NETWORK, random_state: RandomState = 0, **settings
) -> tuple[Array, Array, Array]:
    """Return U (m, r), s (r,) descending and Vh (r, n) of X ~ U diag(s) Vh, as `numpy.linalg.svd` does up to rank r.

    U V^T of two one-dimensional networks is fitted to the matrix, and this product has the singular value decomposition
    returned: U and Vh^T have orthonormal columns. The entry of largest magnitude of each column of U is positive.
    `network` is one for both factors, or one each; `settings` are those of `deeptensor.factorise`. A matrix of
    512 x 512 takes about half a minute at rank 20 on one CPU core, a smaller one up to that; see `deeptensor.PAPER`.
    """
    shape = checked(X, "X", allow_nan=True).shape
    if len(shape) != 2:
        raise ValueError(f"X must be a matrix, not of shape {tuple(shape)}: see cp and tucker for more axes")
    if rank > min(shape):
        raise ValueError(
            f"rank {rank} is above {min(shape)}: a matrix of shape {tuple(shape)} has no more singular values"
        )
    fit = scaled_fit(X, Model(rank, network=network), random_state, **settings)
    first, second = map(_double, fit.decomposition.factors)
    (Q1, R1), (Q2, R2) = torch.linalg.qr(first), torch.linalg.qr(second)
    left, s, right = torch.linalg.svd(R1 @ R2.T)
    U, Vh = Q1 @ left, right @ Q2.T
    signs = _signs(U)
    return like(U * signs, X), like(s, X), like(Vh * signs[:, None], X)


@_settings_of_factorise("operator", "scale")
def cp(
    X: Array,
    rank: int,
    *,
    network: Networks = NETWORK,
    normalize_factors: bool = False,
    random_state: RandomState = 0,
    **settings,
) -> "CPTensor":
    """Return TensorLy's CPTensor of a tensor of any order, as `tensorly.decomposition.parafac` does.

    Each axis has a factor (n, r) from a one-dimensional network. As there, the weights (r,) are ones; with
    `normalize_factors` they are the norms of the terms, and the factors' columns have unit norm. The container holds
    arrays of the kind of `X`: torch tensors need TensorLy's PyTorch backend to go on with, which is left as it is.
    `network` is one for all axes, or one each; `settings` are those of `deeptensor.factorise`. A tensor of
    64 x 64 x 64 takes about half a minute on one CPU core.
    """
    with needed("TensorLy", by="cp"):
        from tensorly.cp_tensor import CPTensor
    model = Model(rank, modes=_one_axis_each(X), network=network, weights=True)
    decomposition = scaled_fit(X, model, random_state, **settings).decomposition
    weights, *factors = map(_double, (decomposition.core, *decomposition.factors))
    factors[0] = factors[0] * weights
    weights = torch.ones_like(weights)
    if normalize_factors:
        for number, factor in enumerate(factors):
            norms = torch.linalg.vector_norm(factor, dim=0)
            factors[number] = factor / torch.where(norms > 0, norms, 1)
            weights = weights * norms
    # Made of torch tensors, which the checks of every backend of TensorLy can read.
    result = CPTensor((weights, factors))
    result.weights, result.factors = like(weights, X), [like(factor, X) for factor in factors]
    return result


@_settings_of_factorise("operator", "scale")
def tucker(
    X: Array,
    rank: int | Sequence[int],
    *,
    network: Networks = NETWORK,
    random_state: RandomState = 0,
    **settings,
) -> "TuckerTensor":
    """Return TensorLy's TuckerTensor of a tensor of any order, as `tensorly.decomposition.tucker` does.

    `rank` is one for all axes, or one each, none above the axis' size. Each axis has a factor (n_i, r_i) from a
    one-dimensional network. The fitted tensor is returned in the form of its higher-order singular value decomposition:
    factors with orthonormal columns in the order of importance, and a core (r_1, ..., r_m) with orthogonal slices.
    The container holds arrays of the kind of `X`, see `cp`. `network` is one for all axes, or one each; `settings` are
    those of `deeptensor.factorise`.
    """
    with needed("TensorLy", by="tucker"):
        from tensorly.tucker_tensor import TuckerTensor
    modes = _one_axis_each(X)
    ranks = (rank,) * len(modes) if isinstance(rank, Integral) else tuple(rank)
    if len(ranks) != len(modes):
        raise ValueError(f"X has {len(modes)} axes: give one rank, or {len(modes)}, not {len(ranks)}")
    shape = np.shape(X)
    if any(r > size for r, size in zip(ranks, shape, strict=True)):
        raise ValueError(f"ranks {ranks} are above the sizes {tuple(shape)}: an axis has no more orthonormal columns")
    fit = scaled_fit(X, Model(ranks, "tucker", modes=modes, network=network), random_state, **settings)
    core, *factors = map(_double, (fit.decomposition.core, *fit.decomposition.factors))
    for axis, factor in enumerate(factors):
        factors[axis], R = torch.linalg.qr(factor)
        core = _times(core, R, axis)
    for axis, factor in enumerate(factors):
        unfolded = core.movedim(axis, 0).flatten(1)
        rotation = torch.linalg.svd(unfolded @ unfolded.T)[0]
        rotation = rotation * _signs(factor @ rotation)
        factors[axis] = factor @ rotation
        core = _times(core, rotation.T, axis)
    result = TuckerTensor((core, factors))
    result.core, result.factors = like(core, X), [like(factor, X) for factor in factors]
    return result


@_settings_of_factorise("operator")
def recover(
    measurements: Array, operator: nn.Module, model: Model, *, random_state: RandomState = 0, **settings
) -> Array:
    """Return the array of shape `operator.shape` whose measurements fit, as the model's reconstruction.

    `operator` is one of `deeptensor.operators`, or a module with `shape`, `forward` and `adjoint` as they have. Give
    `scale`, the order of magnitude of the array, if that is far from 1: the measurements alone do not tell it.
    `settings` are those of `deeptensor.factorise`.
    """
    fit = factorise(measurements, model, operator=operator, seed=seed_from(random_state), **settings)
    return fit.decomposition.reconstruct()


def scaled_fit(X: Array, model: Model, random_state: RandomState, *, weights: Array | None = None, **settings) -> Fit:
    """Return the fit of `model` to `X`, scaled by the largest magnitude observed; zeros have zero factors."""
    observed = checked(X, "X", allow_nan=weights is not None)
    if weights is not None:
        known = checked(weights, "weights").to(observed.device) != 0
        if known.shape != observed.shape:
            raise ValueError(f"weights must have the shape {tuple(observed.shape)} of X, not {tuple(known.shape)}")
        if not known.any():
            raise ValueError("the weights are all zero: nothing of X is observed")
        observed = checked(observed[known], "X")
    largest = observed.abs().max().item()
    fit = factorise(X, model, weights=weights, scale=largest or 1.0, seed=seed_from(random_state), **settings)
    if largest:
        return fit
    factors, core = fit.decomposition.factors, fit.decomposition.core
    zeros = Decomposition(tuple(0 * factor for factor in factors), None if core is None else 0 * core)
    return replace(fit, decomposition=zeros)


def seed_from(random_state: RandomState) -> int:
    """Return the seed that `random_state` is, or one drawn from it; raise ValueError if it is nothing of the kind."""
    if isinstance(random_state, Integral):
        return int(random_state)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    # NumPy's module draws from the generator that it has for all, which `numpy.random.seed` sets.
    source = np.random if random_state is None else random_state
    if source is np.random or isinstance(source, np.random.RandomState):
        return int(source.randint(2**31 - 1))
    raise ValueError(f"random_state must be a number, a NumPy generator or RandomState, or None, not {random_state!r}")


def _one_axis_each(X: Array) -> tuple[tuple[int, ...], ...]:
    if np.ndim(X) < 2:
        raise ValueError(f"X must have two axes or more, not {np.ndim(X)}")
    return tuple((axis,) for axis in range(np.ndim(X)))


def _double(array: Array) -> torch.Tensor:
    return torch.as_tensor(array).double()


def _times(core: torch.Tensor, matrix: torch.Tensor, axis: int) -> torch.Tensor:
    """Return the core with `matrix` applied along `axis`."""
    return torch.tensordot(matrix, core, dims=([1], [axis])).movedim(0, axis)


def _signs(U: torch.Tensor) -> torch.Tensor:
    """Return the sign of the entry of largest magnitude of each column."""
    return U.gather(0, U.abs().argmax(0, keepdim=True)).sign()[0]
