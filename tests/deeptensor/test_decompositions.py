"""The decompositions: they find what NumPy and TensorLy would, and return it in the same form."""

import inspect
from copy import deepcopy

import numpy as np
import pytest
import tensorly as tl
import torch
from sklearn.utils import check_random_state

from deeptensor.decompositions import cp, recover, seed_from, svd, tucker
from deeptensor.fit import factorise
from deeptensor.models import Model
from deeptensor.networks import Network
from deeptensor.operators import EntrySampling
from deeptensor.stopping import HeldOut

# Without perturbation, so that the fit of noiseless data is limited by the iterations alone.
NETWORK = Network(channels=16, scales=2, perturbation=0)
FITTED = {"network": NETWORK, "iterations": 150, "learning_rate": 1e-2}
QUICK = {"network": Network(channels=8, scales=1), "iterations": 5}


def smooth_factor(size: int, rank: int) -> np.ndarray:
    """Return (size, rank): bumps side by side."""
    positions, centres = np.linspace(0, 1, size)[:, None], np.linspace(0, 1, rank)
    return np.exp(-((positions - centres) ** 2) / 0.08)


def smooth_tensor(*shape: int, rank: int = 2) -> np.ndarray:
    """Return the sum of `rank` products of bumps, of different heights."""
    return tl.cp_to_tensor((np.linspace(1, 0.7, rank), [smooth_factor(size, rank) for size in shape]))


def relative_error(X: np.ndarray, estimate: np.ndarray) -> float:
    return np.linalg.norm(estimate - X) / np.linalg.norm(X)


def orthonormality_error(U: np.ndarray) -> float:
    return np.abs(U.T @ U - np.eye(U.shape[1])).max()


def test_svd_of_a_noiseless_smooth_matrix_is_that_of_numpy():
    X = 7 * smooth_tensor(40, 30, rank=3)
    U, s, Vh = svd(X, 3, **FITTED)
    true_U, true_s, true_Vh = np.linalg.svd(X, full_matrices=False)
    assert (U.shape, s.shape, Vh.shape) == ((40, 3), (3,), (3, 30))
    assert relative_error(X, (U * s) @ Vh) < 0.02
    np.testing.assert_allclose(s, true_s[:3], atol=0.02 * true_s[0])
    # Cosines of the largest angles between the subspaces.
    assert np.linalg.svd(true_U[:, :3].T @ U, compute_uv=False).min() > 0.99
    assert np.linalg.svd(true_Vh[:3] @ Vh.T, compute_uv=False).min() > 0.99


@pytest.mark.parametrize("shape", [(9, 7), (7, 9), (4, 4), (6, 1)])
def test_svd_has_orthonormal_vectors_and_descending_values_up_to_the_full_rank(shape):
    rank = min(shape)
    U, s, Vh = svd(np.random.default_rng(0).standard_normal(shape), rank, **QUICK)
    assert (U.shape, s.shape, Vh.shape) == ((shape[0], rank), (rank,), (rank, shape[1]))
    assert max(orthonormality_error(U), orthonormality_error(Vh.T)) < 1e-12
    assert (np.diff(s) <= 0).all()
    assert (s >= 0).all()
    assert (U[np.abs(U).argmax(axis=0), np.arange(rank)] > 0).all()


def test_svd_is_of_the_fitted_product():
    X = np.random.default_rng(0).random((12, 10))
    U, s, Vh = svd(X, 3, random_state=4, **QUICK)
    settings = {"iterations": QUICK["iterations"], "seed": 4, "scale": 2 * np.sqrt(np.mean(X**2))}
    fit = factorise(X, Model(3, network=QUICK["network"]), **settings)
    np.testing.assert_allclose((U * s) @ Vh, fit.decomposition.reconstruct(), atol=1e-6)


# Of three axes in test_drop_in.py.
@pytest.mark.parametrize("shape", [(24, 20), (12, 10, 9, 8)])
def test_cp_recovers_a_noiseless_smooth_tensor(shape):
    X = smooth_tensor(*shape)
    result = cp(X, 2, **FITTED)
    assert (result.shape, result.rank) == (shape, 2)
    assert relative_error(X, tl.cp_to_tensor(result)) < 0.02


def test_cp_weights_are_ones_or_the_norms_of_the_terms():
    X = smooth_tensor(9, 8, 7)
    plain = cp(X, 2, **QUICK)
    normalised = cp(X, 2, normalize_factors=True, **QUICK)
    np.testing.assert_array_equal(plain.weights, 1)
    for factor in normalised.factors:
        np.testing.assert_allclose(np.linalg.norm(factor, axis=0), 1)
    assert (normalised.weights > 0).all()
    np.testing.assert_allclose(normalised.to_tensor(), plain.to_tensor(), atol=1e-12)


@pytest.mark.parametrize(("shape", "terms", "rank"), [((24, 20), 2, 2), ((12, 10, 9, 8), 1, (1, 2, 2, 1))])
def test_tucker_recovers_a_noiseless_smooth_tensor(shape, terms, rank):
    X = smooth_tensor(*shape, rank=terms)
    result = tucker(X, rank, **FITTED)
    assert result.core.shape == (rank if isinstance(rank, tuple) else (rank,) * len(shape))
    assert relative_error(X, tl.tucker_to_tensor(result)) < 0.02


def test_tucker_is_a_higher_order_singular_value_decomposition():
    X = np.random.default_rng(0).random((9, 8, 7))
    core, factors = tucker(X, (4, 2, 1), **QUICK)
    for axis, factor in enumerate(factors):
        assert orthonormality_error(factor) < 1e-12
        assert (factor[np.abs(factor).argmax(axis=0), np.arange(factor.shape[1])] > 0).all()
        gram = tl.unfold(core, axis) @ tl.unfold(core, axis).T
        np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-12 * np.trace(gram))
        assert (np.diff(np.diag(gram)) <= 1e-12 * np.trace(gram)).all()
    settings = {"iterations": QUICK["iterations"], "scale": 2 * np.sqrt(np.mean(X**2))}
    fit = factorise(X, Model((4, 2, 1), "tucker", network=QUICK["network"]), **settings)
    np.testing.assert_allclose(tl.tucker_to_tensor((core, factors)), fit.decomposition.reconstruct(), atol=1e-6)


def test_recover_returns_the_array_of_the_measurements():
    X = smooth_tensor(20, 12)
    operator = EntrySampling(np.random.default_rng(0).random(X.shape) < 0.6)
    settings = {"iterations": FITTED["iterations"], "learning_rate": FITTED["learning_rate"]}
    recovered = recover(operator(X), operator, Model(2, network=NETWORK), **settings)
    assert (recovered.shape, recovered.dtype) == ((20, 12), np.dtype(np.float64))
    assert relative_error(X, recovered) < 0.15
    fit = factorise(operator(X), Model(2, network=NETWORK), operator=operator, seed=3, iterations=5)
    expected = fit.decomposition.reconstruct()
    np.testing.assert_array_equal(
        recover(operator(X), operator, Model(2, network=NETWORK), random_state=3, iterations=5), expected
    )


def arrays_of(result: object) -> list:
    first, *rest = result
    return [first, *rest] if len(rest) == 2 else [first, *rest[0]]


@pytest.mark.parametrize("decompose", [svd, cp, tucker])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_in_gives_torch_out_of_the_same_precision(decompose, dtype):
    X = torch.from_numpy(smooth_tensor(9, 8)).to(dtype)
    assert {(type(array), array.dtype) for array in arrays_of(decompose(X, 2, **QUICK))} == {(torch.Tensor, dtype)}
    arrays = arrays_of(decompose(X.numpy(), 2, **QUICK))
    assert {(type(array), array.dtype) for array in arrays} == {(np.ndarray, X.numpy().dtype)}


@pytest.mark.parametrize("decompose", [cp, tucker])
def test_backend_of_tensorly_does_not_matter_and_is_left_as_it_is(decompose):
    X = smooth_tensor(9, 8, 7)
    expected = decompose(X, 2, **QUICK).to_tensor()
    try:
        tl.set_backend("pytorch")
        of_numpy = decompose(X, 2, **QUICK)
        of_torch = decompose(torch.from_numpy(X), 2, **QUICK).to_tensor()
        assert tl.get_backend() == "pytorch"
    finally:
        tl.set_backend("numpy")
    np.testing.assert_array_equal(of_numpy.to_tensor(), expected)
    np.testing.assert_allclose(of_torch.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("decompose", [svd, cp, tucker])
def test_result_scales_with_the_data(decompose):
    X = smooth_tensor(9, 8)
    # Powers of two scale without rounding.
    small, large = (decompose(factor * X, 2, **QUICK) for factor in (2.0**-20, 2.0**20))
    if decompose is svd:
        (_, small, _), (_, large, _) = small, large
    else:
        small, large = small.to_tensor(), large.to_tensor()
    np.testing.assert_allclose(large, 2.0**40 * small, rtol=1e-9)


@pytest.mark.parametrize("decompose", [svd, cp, tucker])
def test_zeros_have_zero_factors(decompose):
    first, *rest = decompose(np.zeros((9, 8)), 2, **QUICK)
    if decompose is svd:
        assert (rest[0] == 0).all()
        assert max(orthonormality_error(first), orthonormality_error(rest[1].T)) < 1e-12
    else:
        assert (decompose(np.zeros((9, 8)), 2, **QUICK).to_tensor() == 0).all()
        assert all(np.isfinite(factor).all() for factor in (first, *rest[0]))


@pytest.mark.parametrize("decompose", [svd, cp, tucker])
def test_random_state_decides(decompose):
    X = smooth_tensor(9, 8)
    first, again, other = (arrays_of(decompose(X, 2, random_state=seed, **QUICK)) for seed in (3, 3, 4))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.allclose(first[1], other[1])


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_seed_is_drawn_from_a_generator(make):
    assert seed_from(make(0)) == seed_from(make(0)) != seed_from(make(1))
    generator = make(0)
    assert seed_from(generator) != seed_from(generator)
    assert seed_from(np.int64(5)) == 5
    assert seed_from(None) != seed_from(None)


@pytest.mark.parametrize("random_state", [None, np.random, np.random.RandomState(3)], ids=["None", "module", "own"])
def test_seed_is_drawn_as_scikit_learn_draws(random_state):
    drawn = []
    for draw in (seed_from, lambda state: check_random_state(state).randint(2**31 - 1)):
        np.random.seed(5)  # noqa: NPY002, the generator that None and the module stand for
        drawn.append(draw(deepcopy(random_state) if isinstance(random_state, np.random.RandomState) else random_state))
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("random_state", ["3", 1.5, [1, 2]])
def test_what_no_seed_can_be_drawn_from_is_refused(random_state):
    with pytest.raises(ValueError, match="random_state must be a number, a NumPy generator or RandomState, or None"):
        seed_from(random_state)


def test_unobserved_entries_do_not_matter_and_may_be_nan():
    X = smooth_tensor(30, 24)
    mask = np.random.default_rng(0).random(X.shape) < 0.7
    U, s, Vh = svd(np.where(mask, X, np.nan), 2, weights=mask, **FITTED)
    assert relative_error(X, (U * s) @ Vh) < 0.02
    of_nan, of_huge = (svd(np.where(mask, X, filler), 2, weights=mask, **QUICK) for filler in (np.nan, 1e6))
    for first, second in zip(of_nan, of_huge, strict=True):
        np.testing.assert_array_equal(first, second)


def test_stopping_rule_is_passed_on():
    X = smooth_tensor(16, 12)
    held_out = svd(X, 2, **QUICK, stopping=HeldOut(fraction=0.5))
    assert not np.allclose(held_out[1], svd(X, 2, **QUICK)[1])


@pytest.mark.parametrize("function", [svd, cp, tucker, recover])
def test_signature_shows_the_settings(function):
    shown = set(inspect.signature(function).parameters)
    assert {"random_state", "iterations", "learning_rate", "loss", "weights", "stopping", "device", "progress"} <= shown
    assert not {"seed", "seeds", "settings"} & shown


@pytest.mark.parametrize(
    ("decompose", "X", "rank", "message"),
    [
        (svd, np.ones((4, 3)), 4, r"rank 4 is above 3: a matrix of shape \(4, 3\) has no more singular values"),
        (svd, np.ones((4, 3)), 0, "rank must be a whole number of at least 1"),
        (svd, np.ones((4, 3, 2)), 1, r"must be a matrix, not of shape \(4, 3, 2\)"),
        (svd, np.array([[1, np.nan], [0, 1]]), 1, "X has entries that are not finite"),
        (svd, np.ones((2, 2), complex), 1, "X must hold real numbers"),
        (svd, np.ones((2, 0)), 1, "X is empty"),
        (tucker, np.ones((4, 3)), (2, 4), r"ranks \(2, 4\) are above the sizes \(4, 3\)"),
        (tucker, np.ones((4, 3)), (2, 2, 2), "X has 2 axes: give one rank, or 2, not 3"),
        (cp, np.array([[1, np.inf], [0, 1]]), 1, "X has entries that are not finite"),
        (cp, np.ones(4), 1, "X must have two axes or more, not 1"),
    ],
)
def test_input_that_makes_no_sense_is_refused(decompose, X, rank, message):
    with pytest.raises(ValueError, match=message):
        decompose(X, rank, **QUICK)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((3, 4)), r"weights must have the shape \(4, 3\) of X, not \(3, 4\)"),
        (np.zeros((4, 3)), "the weights are all zero"),
        (np.ones((4, 3)), "X has entries that are not finite"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights, message):
    X = np.ones((4, 3))
    X[1, 1] = np.nan
    with pytest.raises(ValueError, match=message):
        svd(X, 1, weights=weights, **QUICK)


def test_misspelt_setting_is_refused():
    with pytest.raises(TypeError, match="iteration"):
        svd(np.ones((4, 3)), 1, iteration=5)


@pytest.mark.parametrize("decompose", [svd, cp, tucker])
def test_arrays_of_numpy_go_to_the_gpu_and_tensors_stay_where_they_are(decompose, monkeypatch):
    asked = []

    def noted(X, model, **settings):
        asked.append(str(settings["device"]))
        raise StopIteration

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("deeptensor.decompositions.factorise", noted)
    X = np.random.default_rng(0).random((6, 5))
    for own, settings in ((X, {}), (torch.tensor(X), {}), (X, {"device": "cpu"})):
        with pytest.raises(StopIteration):
            decompose(own, 2, **settings)
    assert asked == ["cuda", "cpu", "cpu"]
