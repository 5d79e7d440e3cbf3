"""Decompositions by the names and in the forms of NumPy (`svd`) and TensorLy (`cp`, `tucker`), and `recover`.

Each takes the settings of `deeptensor.factorise` as keywords, `seed` by scikit-learn's name: `random_state` is a
number, a NumPy generator or RandomState to draw one from, or None for a different one each time. For the fit, all but
`recover` divide the data by twice their root mean square, so that the result scales with them over the whole range of
double precision; zeros have zero factors. Results are in single precision for data in single or half, else in double.

A rank of None is chosen by parallel analysis (`deeptensor.ranks`), which needs all entries of the data. A rank between
0 and 1 is the fewest singular values whose squares hold that share of the data's energy. Raises ValueError for data and
settings that make no sense, and TypeError for a setting that there is not.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from math import prod
from numbers import Integral
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import nn

from deeptensor.arguments import check_flag, check_whole
from deeptensor.arrays import Array, divided, like, real
from deeptensor.extras import needed
from deeptensor.fit import Fit, device_for, factorise, factorise_many
from deeptensor.models import Decomposition, Model
from deeptensor.networks import Network
from deeptensor.ranks import Rank, chosen_rank

if TYPE_CHECKING:
    from tensorly.cp_tensor import CPTensor
    from tensorly.tucker_tensor import TuckerTensor

RandomState = int | np.random.Generator | np.random.RandomState | None
Networks = Network | tuple[Network, ...]

NETWORK = Network()
# The product of three or more factors of vectors has few numbers, and noise in them is kept out by noise at the input.
CP_NETWORK = Network(perturbation=0.02)


class SVDResult(NamedTuple):
    """U (m, r), s (r,) and Vh (r, n), which make the matrix U diag(s) Vh."""

    U: Array
    s: Array
    Vh: Array


def _settings_of_factorise(*without: str) -> Callable[[Callable], Callable]:
    """Return the decorator that shows in a function's signature the settings which it passes on to `factorise`.

    The function then refuses all others by their names.
    """
    shown = [
        setting
        for setting in inspect.signature(factorise_many).parameters.values()
        if setting.kind is inspect.Parameter.KEYWORD_ONLY and setting.name not in ("seeds", *without)
    ]

    def decorate(function: Callable) -> Callable:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        known = [parameter.name for parameter in (*own, *shown)]

        @wraps(function)
        def checking(*arguments, **settings):
            for name in settings:
                if name not in known:
                    hint = "random_state is the seed" if name in ("seed", "seeds") else f"there are: {', '.join(known)}"
                    raise TypeError(f"{function.__name__} has no setting {name!r}; {hint}")
            return function(*arguments, **settings)

        checking.__signature__ = signature.replace(parameters=[*own, *shown])
        return checking

    return decorate


@_settings_of_factorise("operator", "scale")
def svd(
    X: Array, rank: Rank = None, *, network: Networks = NETWORK, random_state: RandomState = 0, **settings
) -> SVDResult:
    """Return U (m, r), s (r,) descending and Vh (r, n) of X ~ U diag(s) Vh, as `numpy.linalg.svd` does up to rank r.

    U V^T of two one-dimensional networks is fitted to the matrix, and this product has the singular value decomposition
    returned: U and Vh^T have orthonormal columns. The entry of largest magnitude of each column of U is positive.
    `rank` is r, a share of the energy between 0 and 1, or None for parallel analysis, which permutes each of the
    shorter rows or columns. `network` is one for both factors, or one each; `settings` are those of
    `deeptensor.factorise`. A matrix of 512 x 512 takes about half a minute at rank 20 on one CPU core, a smaller one up
    to that; see `deeptensor.PAPER`.
    """
    data, settings = _in_double(X, settings)
    if data.ndim != 2:
        raise ValueError(f"X must be a matrix, not of shape {tuple(data.shape)}: see cp and tucker for more axes")
    [rank] = chosen_ranks([rank], data, [(0,)], settings.get("weights"))
    if rank > min(data.shape):
        raise ValueError(
            f"rank {rank} is above {min(data.shape)}: a matrix of shape {tuple(data.shape)} has no more singular values"
        )
    fit, scale = scaled_fit(data, Model(rank, network=network), random_state, **settings)
    first, second = fit.decomposition.factors
    (Q1, R1), (Q2, R2) = torch.linalg.qr(first / scale), torch.linalg.qr(second)
    left, s, right = torch.linalg.svd(R1 @ R2.T)
    U, Vh = Q1 @ left, right @ Q2.T
    signs = _signs(U)
    return SVDResult(like(U * signs, X), like(s, X, scale), like(Vh * signs[:, None], X))


@_settings_of_factorise("operator", "scale")
def cp(
    X: Array,
    rank: Rank = None,
    *,
    network: Networks = CP_NETWORK,
    normalize_factors: bool = False,
    random_state: RandomState = 0,
    **settings,
) -> "CPTensor":
    """Return TensorLy's CPTensor of a tensor of any order, as `tensorly.decomposition.parafac` does.

    Each axis has a factor (n, r) from a one-dimensional network. As there, the weights (r,) are ones; with
    `normalize_factors` they are the norms of the terms, and the factors' columns have unit norm. The container holds
    arrays of the kind of `X`: torch tensors need TensorLy's PyTorch backend to go on with, which is left as it is.
    `rank` is r; None or a share of the energy choose it for the unfolding along each axis, as for `svd`, and the
    largest is taken, which the rank of the tensor can exceed. `network` is one for all axes, or one each, by default
    with a perturbation of 0.02, which keeps noise out of the factors and leaves errors of about 1 % where there is
    none; `settings` are those of `deeptensor.factorise`. A tensor of 64 x 64 x 64 takes about half a minute on one CPU
    core.
    """
    with needed("TensorLy", by="cp"):
        from tensorly.cp_tensor import CPTensor
    check_flag("normalize_factors", normalize_factors)
    data, settings = _in_double(X, settings)
    modes = _one_axis_each(data)
    rank = max(chosen_ranks([rank] * data.ndim, data, modes, settings.get("weights")))
    model = Model(rank, modes=modes, network=network, weights=True)
    fit, scale = scaled_fit(data, model, random_state, **settings)
    core, factors = fit.decomposition.core, list(fit.decomposition.factors)
    factors[0] = factors[0] * (core / scale)
    weights = torch.ones_like(core)
    if normalize_factors:
        for number, factor in enumerate(factors):
            norms = torch.linalg.vector_norm(factor, dim=0)
            factors[number] = factor / torch.where(norms > 0, norms, 1)
            weights = weights * norms
    # Made of torch tensors, which the checks of every backend of TensorLy can read.
    result = CPTensor((weights, factors))
    scales = (scale, 1.0) if normalize_factors else (1.0, scale)
    result.weights = like(weights, X, scales[0])
    result.factors = [like(factors[0], X, scales[1]), *(like(factor, X) for factor in factors[1:])]
    return result


@_settings_of_factorise("operator", "scale")
def tucker(
    X: Array,
    rank: Rank | Sequence[Rank] = None,
    *,
    network: Networks = NETWORK,
    random_state: RandomState = 0,
    **settings,
) -> "TuckerTensor":
    """Return TensorLy's TuckerTensor of a tensor of any order, as `tensorly.decomposition.tucker` does.

    `rank` is one for all axes, or one each, none above the axis' size; None or a share of the energy choose it for the
    unfolding along the axis, as for `svd`. Each axis has a factor (n_i, r_i) from a one-dimensional network. The fitted
    tensor is returned in the form of its higher-order singular value decomposition: factors with orthonormal columns in
    the order of importance, and a core (r_1, ..., r_m) with orthogonal slices. The container holds arrays of the kind
    of `X`, see `cp`. `network` is one for all axes, or one each; `settings` are those of `deeptensor.factorise`.
    """
    with needed("TensorLy", by="tucker"):
        from tensorly.tucker_tensor import TuckerTensor
    data, settings = _in_double(X, settings)
    modes, shape = _one_axis_each(data), tuple(data.shape)
    ranks = list(rank) if isinstance(rank, Sequence | np.ndarray) and not isinstance(rank, str) else [rank] * len(modes)
    if len(ranks) != len(modes):
        raise ValueError(f"X has {len(modes)} axes: give one rank, or {len(modes)}, not {len(ranks)}")
    ranks = chosen_ranks(ranks, data, modes, settings.get("weights"))
    if any(r > size for r, size in zip(ranks, shape, strict=True)):
        raise ValueError(f"ranks {ranks} are above the sizes {shape}: an axis has no more orthonormal columns")
    fit, scale = scaled_fit(data, Model(ranks, "tucker", modes=modes, network=network), random_state, **settings)
    core, factors = fit.decomposition.core / scale, list(fit.decomposition.factors)
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
    result.core, result.factors = like(core, X, scale), [like(factor, X) for factor in factors]
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


def _in_double(X: Array, settings: dict) -> tuple[torch.Tensor, dict]:
    """Return the data in double precision, and the settings with the device that X, as it is given, is fitted on."""
    return real(X, "X").double(), settings | {"device": device_for(settings.get("device", "auto"), X)}


def scaled_fit(
    X: Array, model: Model, random_state: RandomState, *, weights: Array | None = None, **settings
) -> tuple[Fit, float]:
    """Return the fit of `model` to `X`, and its scale: twice the root mean square observed, by which `X` is divided.

    That is about the largest value of a photograph. The largest of other data may stand far out, and after division by
    it the rest would be too small to be fitted in time. Zeros have zero factors, and the scale 1.
    """
    size = _size(X, weights)
    fit = factorise(X, model, weights=weights, scale=size or 1.0, seed=seed_from(random_state), **settings)
    if size:
        return fit, size
    factors, core = fit.decomposition.factors, fit.decomposition.core
    zeros = Decomposition(tuple(0 * factor for factor in factors), None if core is None else 0 * core)
    return replace(fit, decomposition=zeros), 1.0


def chosen_ranks(
    ranks: Sequence[Rank], X: Array, modes: Sequence[tuple[int, ...]], weights: Array | None
) -> tuple[int, ...]:
    """Return the ranks that are meant for the unfoldings of X along groups of its axes, see `chosen_rank`."""
    if all(isinstance(rank, Integral) for rank in ranks):
        return tuple(chosen_rank(rank, None) for rank in ranks)
    if weights is not None:
        raise ValueError("rank must be a whole number where there are weights: it is chosen from all entries of X")
    array = (real(X, "X").double() / (_size(X, None) or 1.0)).numpy(force=True)
    unfoldings = [_unfolded(array, group) for group in modes]
    tall = [matrix if len(matrix) >= matrix.shape[1] else matrix.T for matrix in unfoldings]
    return tuple(chosen_rank(rank, matrix) for rank, matrix in zip(ranks, tall, strict=True))


def seed_from(random_state: RandomState) -> int:
    """Return the seed that `random_state` is, or one drawn from it; raise ValueError if it is nothing of the kind."""
    if isinstance(random_state, Integral):
        check_whole("random_state", random_state, least=0)
        return int(random_state)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    # NumPy's module draws from the generator that it has for all, which `numpy.random.seed` sets.
    source = np.random if random_state is None else random_state
    if source is np.random or isinstance(source, np.random.RandomState):
        return int(source.randint(2**31 - 1))
    raise ValueError(f"random_state must be a number, a NumPy generator or RandomState, or None, not {random_state!r}")


def _size(X: Array, weights: Array | None) -> float:
    """Return twice the root mean square of the entries that have a weight; ValueError where one is not finite."""
    observed = real(X, "X")
    if weights is not None:
        known = real(weights, "weights").to(observed.device) != 0
        if known.shape != observed.shape:
            raise ValueError(f"weights must have the shape {tuple(observed.shape)} of X, not {tuple(known.shape)}")
        if not known.any():
            raise ValueError("the weights are all zero: nothing of X is observed")
        observed = observed[known]
    if not observed.isfinite().all():
        raise ValueError("X has entries that are not finite: replace them, or give them weights of 0")
    largest = observed.abs().max().item()
    # Squares of what is near 1 neither overflow nor vanish.
    return 2 * largest * divided(observed, largest).double().square().mean().sqrt().item() if largest else 0.0


def _unfolded(array: np.ndarray, group: tuple[int, ...]) -> np.ndarray:
    """Return the matrix whose columns belong to the entries along a group of axes."""
    last = np.moveaxis(array, group, range(-len(group), 0))
    return last.reshape(-1, prod(array.shape[axis] for axis in group))


def _one_axis_each(X: torch.Tensor) -> tuple[tuple[int, ...], ...]:
    if X.ndim < 2:
        raise ValueError(f"X must have two axes or more, not {X.ndim}")
    return tuple((axis,) for axis in range(X.ndim))


def _times(core: torch.Tensor, matrix: torch.Tensor, axis: int) -> torch.Tensor:
    """Return the core with `matrix` applied along `axis`."""
    return torch.tensordot(matrix, core, dims=([1], [axis])).movedim(0, axis)


def _signs(U: torch.Tensor) -> torch.Tensor:
    """Return the sign of the entry of largest magnitude of each column."""
    return U.gather(0, U.abs().argmax(0, keepdim=True)).sign()[0]
