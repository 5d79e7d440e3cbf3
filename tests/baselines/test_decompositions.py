"""Decompositions find what they made, up to order and scale; identities that theory has; what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from tensorly.decomposition import parafac

from benchmark.algorithms.decomposed import aligned
from benchmark.algorithms.multilinear import alternate
from benchmark.contract import Problem, Skipped
from benchmark.loaders.planted import cosines, plant
from benchmark.loading import load_module
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "decompose.py")
SIZES = {
    "cp": {"size": 9, "rank": 3},
    "indscal": {"size": 9, "slices": 6, "rank": 3},
    "candelinc": {"size": 20, "rank": 2, "number": 4},
    "parafac2": {"heights": (8, 6, 9, 7, 10), "width": 7, "rank": 2},
    "dedicom": {"size": 9, "slices": 9, "rank": 2},
    "paratuck2": {"shape": (9, 8, 9), "ranks": (2, 2)},
    "ll1": {"shape": (9, 9, 6), "ranks": (2, 2)},
    "btd": {"shape": (7, 7, 7)},
    "tucker": {"size": 8, "ranks": (2, 3, 4)},
}
OWN = {
    "cp": "cp_gauss_newton",
    "indscal": "indscal",
    "candelinc": "candelinc",
    "parafac2": "parafac2",
    "dedicom": "dedicom",
    "paratuck2": "paratuck2",
    "ll1": "block_terms",
    "btd": "block_terms",
}


def method(stem):
    return load_module(ROOT / "baselines" / f"{stem}.py")


def posed(model, seed=0, noise=0.0, **settings):
    """Return a problem and the truth of a planted tensor in double precision."""
    item = plant(model, model, np.random.default_rng(seed), **(SIZES[model] | settings))
    drawn = np.random.default_rng(1).standard_normal(item.signal.shape)
    observed = item.signal + noise * np.linalg.norm(item.signal) / np.linalg.norm(drawn) * drawn
    granted = {name: own for name, own in item.extras.items() if name in TASK.TOLD}
    truth = {name: own for name, own in item.extras.items() if name not in TASK.TOLD}
    return Problem(observed.astype(np.float64), rank=item.rank, granted=granted), truth | {"signal": item.signal}


def solved(stem, problem, seed=0, **params):
    return method(stem).solve(problem, seed=seed, device="cpu", **params).parts


def test_networks_find_the_subspaces_of_an_exact_tucker_tensor():
    problem, truth = posed("tucker")
    settings = {"iterations": 600, "learning_rate": 0.02, "channels": 16, "scales": 1, "perturbation": 0}
    parts = solved("deeptensor_tucker", problem, **settings)
    assert np.linalg.norm(parts["signal"] - truth["signal"]) < 0.05 * np.linalg.norm(truth["signal"])
    assert TASK.match_of("tucker", truth, parts) > 0.95


@pytest.mark.parametrize("model", OWN)
def test_gauss_newton_finds_what_the_model_made_up_to_order_and_scale(model):
    problem, truth = posed(model)
    params = {"optimiser": "gauss_newton", "starts": 6} if model == "parafac2" else {"starts": 20}
    parts = solved(OWN[model], problem, **params)
    # Tensors are kept in single precision.
    assert np.linalg.norm(parts["signal"] - truth["signal"]) < 1e-6 * np.linalg.norm(truth["signal"])
    assert TASK.match_of(model, truth, parts) > 0.9999


# Not PARATUCK2, of which each error comes near to zero, and factors do not come near to the true ones.
@pytest.mark.parametrize("model", ["indscal", "candelinc", "ll1", "dedicom"])
def test_alternating_least_squares_comes_near_to_what_the_model_made(model):
    problem, truth = posed(model)
    parts = solved(OWN[model], problem, optimiser="als", starts=2, iterations=100)
    assert np.linalg.norm(parts["signal"] - truth["signal"]) < 0.02 * np.linalg.norm(truth["signal"])
    assert TASK.match_of(model, truth, parts) > 0.95


@pytest.mark.parametrize("model", ["indscal", "ll1", "candelinc"])
def test_under_noise_the_own_model_is_nearer_to_the_truth_than_cp(model):
    problem, truth = posed(model, noise=0.3)
    errors = [
        np.linalg.norm(solved(stem, problem, starts=4)["signal"] - truth["signal"])
        for stem in (OWN[model], "cp_gauss_newton")
    ]
    assert errors[0] < errors[1] < np.linalg.norm(problem.observed - truth["signal"])


def test_candelinc_is_cp_of_the_projected_tensor_and_the_rest_is_constant():
    problem, _ = posed("candelinc", noise=0.5)
    bases = [np.linalg.qr(problem.granted[f"basis_{axis}"])[0] for axis in "abc"]
    core = np.einsum("ijk,ia,jb,kc->abc", problem.observed, *bases)
    parts = solved("candelinc", problem)
    inner = np.einsum("ijk,ia,jb,kc->abc", parts["signal"], *bases)
    left = np.sum((problem.observed - parts["signal"]) ** 2)
    assert np.isclose(left, np.sum((core - inner) ** 2) + np.sum(problem.observed**2) - np.sum(core**2), rtol=1e-10)


def test_candelinc_with_identities_is_cp_and_with_foreign_bases_misses_what_is_outside():
    problem, truth = posed("cp", noise=0.1)
    told = problem.granted | {"model": np.array("candelinc")}
    identity = {f"basis_{axis}": np.eye(9) for axis in "abc"}
    free = solved("candelinc", replace(problem, granted=told | identity))["signal"]
    np.testing.assert_allclose(free, solved("cp_gauss_newton", problem)["signal"], atol=1e-4)
    basis = cosines(9, 4)
    foreign = solved("candelinc", replace(problem, granted=told | {f"basis_{axis}": basis for axis in "abc"}))["signal"]
    inside = np.einsum("ijk,ai,bj,ck->abc", problem.observed, *[basis @ basis.T] * 3)
    outside = np.sum(problem.observed**2) - np.sum(inside**2)
    assert np.sum((problem.observed - foreign) ** 2) >= outside - 1e-9
    assert outside > 0.1 * np.sum(truth["signal"] ** 2)


def test_the_two_factors_of_untied_indscal_agree():
    problem, truth = posed("indscal")
    parts = solved("indscal", problem, optimiser="als", starts=1, tolerance=1e-12)
    assert TASK.match_of("indscal", truth, parts) > 0.9999
    np.testing.assert_allclose(parts["signal"], parts["signal"].swapaxes(0, 1), atol=1e-12)
    # The mean of two unit columns that agree is of unit norm.
    np.testing.assert_allclose(np.linalg.norm(parts["A"], axis=0), 1, atol=1e-4)


def test_the_error_of_dedicom_in_the_way_of_asalsan_never_rises():
    problem, _ = posed("dedicom", noise=0.2)
    own = method("dedicom")
    model = own.model_of(problem.observed.shape, 2)
    rng = np.random.default_rng(3)
    start = {name: rng.standard_normal(shape) for name, shape in model.shapes.items()}
    factors, errors = own.asalsan(model, problem.observed, start, 60, 0)
    assert np.diff(errors).max() < 1e-12
    assert errors[-1] < 0.5 * errors[0]
    left = np.linalg.norm(model.value(factors) - problem.observed) / np.linalg.norm(problem.observed)
    assert np.isclose(errors[-1], left)


def test_dedicom_does_not_depend_on_order_scale_and_signs_and_is_symmetric_with_its_middle():
    own, rng = method("dedicom"), np.random.default_rng(0)
    model = own.model_of((5, 5, 4), 3)
    factors = {name: rng.standard_normal(shape) for name, shape in model.shapes.items()}
    order, scales = [2, 0, 1], np.array([2.0, -0.5, 3.0])
    moved = {
        "A": factors["A"][:, order] * scales,
        "C": factors["C"][:, order] * np.where(np.arange(4) == 1, -1, 1)[:, None],
        "H": factors["H"][np.ix_(order, order)] / np.outer(scales, scales),
    }
    np.testing.assert_allclose(model.value(moved), model.value(factors), atol=1e-12)
    symmetric = model.value(factors | {"H": factors["H"] + factors["H"].T})
    np.testing.assert_allclose(symmetric, symmetric.swapaxes(0, 1), atol=1e-12)


def test_paratuck2_with_equal_weights_is_a_matrix_whose_error_is_that_of_the_svd():
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((6, 5))
    slices = np.repeat(matrix[..., None], 4, axis=2)
    granted = {"model": np.array("paratuck2"), "ranks": np.array([2, 2])}
    left = slices - solved("paratuck2", Problem(slices, granted=granted))["signal"]
    tail = np.sqrt(np.sum(np.linalg.svd(matrix, compute_uv=False)[2:] ** 2))
    np.testing.assert_allclose(np.linalg.norm(left, axis=(0, 1)), tail, rtol=1e-4)


def test_block_terms_of_rank_one_are_cp_by_alternating_least_squares():
    own, target = method("block_terms"), np.random.default_rng(0).standard_normal((5, 6, 4))
    model = own.model_of(target.shape, np.ones((3, 3), int))
    rng = np.random.default_rng(1)
    start = {name: rng.standard_normal(shape) for name, shape in model.shapes.items()}
    _, errors = alternate(model, target, start, own.order_of(model), 8, 0)
    joined = [np.stack([start[f"{name}{r}"].ravel() for r in range(3)], axis=1) for name in "ABC"]
    _, expected = parafac(target, 3, init=(np.ones(3), joined), n_iter_max=8, tol=0, return_errors=True)
    np.testing.assert_allclose(errors, np.asarray(expected, float), atol=1e-7)


def test_one_block_term_is_a_tucker_tensor():
    target = np.random.default_rng(0).standard_normal((5, 6, 4))
    granted = {"model": np.array("btd"), "ranks": np.array([[2, 2, 2]]), "multilinear": np.array([2, 2, 2])}
    problem = Problem(target, rank=2, granted=granted)
    one, other = (solved(stem, problem)["signal"] for stem in ("block_terms", "tucker"))
    assert np.isclose(np.linalg.norm(one - target), np.linalg.norm(other - target), rtol=1e-3)


def test_hooi_fits_no_worse_than_hosvd_which_is_no_worse_than_the_tails():
    problem, _ = posed("tucker", noise=0.5)
    target = problem.observed
    hooi, hosvd = (
        np.sum((solved("tucker", problem, iterations=number)["signal"] - target) ** 2) for number in (100, 0)
    )
    tails = sum(
        np.sum(np.linalg.svd(np.moveaxis(target, axis, 0).reshape(8, -1), compute_uv=False)[rank:] ** 2)
        for axis, rank in enumerate((2, 3, 4))
    )
    assert hooi < hosvd <= tails
    # Projected onto the leading left singular vectors.
    left = [
        np.linalg.svd(np.moveaxis(target, axis, 0).reshape(8, -1))[0][:, :rank] for axis, rank in enumerate((2, 3, 4))
    ]
    projected = np.einsum("ijk,ai,bj,ck->abc", target, *[own @ own.T for own in left], optimize=True)
    assert np.isclose(hosvd, np.sum((projected - target) ** 2))


def test_the_svd_is_of_the_unfolding_with_the_fewest_numbers():
    problem, truth = posed("tucker", noise=0.2)
    parts = solved("unfolded_svd", problem)
    assert set(parts) == {"signal", "A"}
    values = np.linalg.svd(problem.observed.reshape(8, -1), compute_uv=False)
    assert np.isclose(np.linalg.norm(parts["signal"] - problem.observed), np.linalg.norm(values[2:]))
    assert np.linalg.norm(parts["signal"] - truth["signal"]) < np.linalg.norm(problem.observed - truth["signal"])
    assert set(solved("unfolded_svd", problem, axis=2)) == {"signal", "C"}


def test_the_sign_of_a_slice_s_weights_is_settled_whatever_it_was():
    weights = np.random.default_rng(0).uniform(0.2, 1, (7, 3))
    signs = np.array([1, -1, -1, 1, -1, 1, 1])[:, None]
    found = aligned(weights * signs)
    np.testing.assert_allclose(np.abs(found), weights)
    assert len({tuple(row) for row in np.sign(found)}) == 1


def test_a_slice_that_is_zero_gets_no_weight():
    problem, _ = posed("indscal")
    problem.observed[..., 2] = 0
    parts = solved("indscal", problem)
    assert np.abs(parts["signal"][..., 2]).max() < 1e-5
    assert np.abs(parts["signal"]).max() > 0.5


def test_asymmetric_slices_are_refused_by_indscal_alone():
    rng = np.random.default_rng(0)
    granted = {"model": np.array("indscal"), "ranks": np.array([2])}
    with pytest.raises(ValueError, match=r"\d\d% of the norm of the slices is not symmetric: choose DEDICOM"):
        solved("indscal", Problem(rng.standard_normal((5, 5, 4)), granted=granted))
    with pytest.raises(ValueError, match="slices of 5 x 6 are not symmetric"):
        solved("indscal", Problem(rng.standard_normal((5, 6, 4)), granted=granted))
    granted = {"model": np.array("dedicom"), "ranks": np.array([2])}
    with pytest.raises(ValueError, match="slices of 5 x 6 relate other things: choose PARATUCK2"):
        solved("dedicom", Problem(rng.standard_normal((5, 6, 4)), granted=granted))


@pytest.mark.parametrize("stem", ["cp_als", "cp_gauss_newton", "tucker", "deeptensor_cp", "slice_mean"])
def test_irregular_slices_and_tensors_of_zeros_are_rows_with_the_reason(stem):
    problem, _ = posed("parafac2")
    with pytest.raises(Skipped, match="needs the slices to be of one height"):
        solved(stem, problem)
    granted = {name: own for name, own in problem.granted.items() if name != "heights"}
    with pytest.raises(Skipped, match="needs the tensor not to be zero"):
        solved(stem, replace(problem, observed=np.zeros((4, 4, 4)), granted=granted))


@pytest.mark.parametrize("stem", sorted(set(OWN.values()) - {"cp_gauss_newton", "parafac2"}))
def test_data_of_another_model_are_rows_with_the_reason(stem):
    problem, _ = posed("tucker")
    with pytest.raises(
        Skipped, match=f"{stem} needs the ranks of its own model, and this problem tells those of: tucker"
    ):
        solved(stem, problem)


@pytest.mark.parametrize("stem", ["unfolded_svd", "tucker", "parafac2", "deeptensor_cp"])
def test_held_out_entries_are_refused_by_those_that_cannot_leave_them_out(stem):
    problem, _ = posed("cp")
    masked = problem.granted | {"mask": np.ones(problem.observed.shape, bool)}
    with pytest.raises(Skipped, match="needs the whole tensor"):
        solved(stem, replace(problem, granted=masked))


@pytest.mark.parametrize(("stem", "params"), [("dedicom", {"starts": 3}), ("cp_als", {"iterations": 200})])
def test_held_out_entries_are_predicted_from_the_others(stem, params):
    problem, truth = posed("dedicom")
    mask = np.random.default_rng(1).random(problem.observed.shape) < 0.9
    hidden = replace(problem, observed=np.where(mask, problem.observed, 0), granted=problem.granted | {"mask": mask})
    found = solved(stem, hidden, **params)["signal"]
    assert np.linalg.norm((found - truth["signal"])[~mask]) < 0.3 * np.linalg.norm(truth["signal"][~mask])


def test_the_mean_of_a_slice_is_over_what_is_not_held_out():
    observed = np.array([[1.0, 0.0], [0.0, 5.0]])[..., None]
    mask = np.array([[True, True], [True, False]])[..., None]
    parts = solved("slice_mean", Problem(observed, granted={"mask": mask}))
    np.testing.assert_allclose(parts["signal"], 1 / 3)
