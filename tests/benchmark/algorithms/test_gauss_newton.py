"""Compressed Gauss-Newton: against SciPy's, never uphill, exact on what models made, blind to what a mask hides."""

import numpy as np
from scipy.optimize import least_squares

from benchmark.algorithms.gauss_newton import compressed, expanded, fit, levenberg_marquardt, polished
from benchmark.algorithms.multilinear import Multilinear, random_start


def cp(shape, rank):
    shapes = {name: (size, rank) for name, size in zip("ABC", shape, strict=True)}
    return Multilinear([("ir,jr,kr->ijk", ("A", "B", "C"))], shapes)


def dedicom(shape, rank):
    shapes = {"A": (shape[0], rank), "C": (shape[2], rank), "H": (rank, rank)}
    return Multilinear([("ir,kr,rs,ks,js->ijk", ("A", "C", "H", "C", "A"))], shapes)


def drawn(model, seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape) for name, shape in model.shapes.items()}


def test_the_minimum_is_that_of_scipy():
    model, rng = cp((3, 3, 4), 2), np.random.default_rng(0)
    truth = drawn(model)
    target = model.value(truth) + 0.1 * rng.standard_normal((3, 3, 4))
    start = {name: own + 0.3 * rng.standard_normal(own.shape) for name, own in truth.items()}
    _, objectives = levenberg_marquardt(model, target, start, tolerance=1e-13, iterations=2000)
    other = least_squares(
        lambda own: (model.value(model.factors(own)) - target).ravel(),
        model.vector(start),
        method="lm",
        ftol=1e-15,
        xtol=1e-15,
        max_nfev=20000,
    )
    assert np.isclose(objectives[-1], 2 * other.cost, rtol=1e-8)


def test_the_objective_never_rises_and_is_that_of_the_answer():
    model, target = dedicom((6, 6, 5), 2), np.random.default_rng(2).standard_normal((6, 6, 5))
    start = random_start(model, target, np.random.default_rng(0), positive=["C"])
    factors, objectives = levenberg_marquardt(model, target, start)
    assert np.diff(objectives).max() < 0
    assert np.isclose(objectives[-1], np.sum((model.value(factors) - target) ** 2))
    assert len(objectives) > 3


def test_held_factors_stay_and_the_others_move():
    model, target = dedicom((4, 4, 5), 2), np.random.default_rng(2).standard_normal((4, 4, 5))
    start = random_start(model, target, np.random.default_rng(0))
    factors, objectives = levenberg_marquardt(model, target, start, held=("A", "H"))
    np.testing.assert_array_equal(factors["A"], start["A"])
    np.testing.assert_array_equal(factors["H"], start["H"])
    assert objectives[-1] < objectives[0]


def test_a_start_has_the_norm_of_the_target_and_positive_weights():
    model, target = dedicom((6, 6, 5), 2), np.full((6, 6, 5), 3.0)
    start = random_start(model, target, np.random.default_rng(0), positive=["C"])
    assert np.isclose(np.linalg.norm(model.value(start)), np.linalg.norm(target))
    assert start["C"].min() > 0 > start["A"].min()


def test_compression_loses_nothing_of_what_the_model_made():
    model = dedicom((9, 9, 6), 2)
    target = model.value(drawn(model))
    core, bases = compressed(target, [2, 2, None], tied=True)
    assert core.shape == (2, 2, 6)
    assert bases[0] is bases[1]
    assert np.isclose(np.linalg.norm(core), np.linalg.norm(target))
    small = dedicom(core.shape, 2)
    factors, _ = levenberg_marquardt(small, core, drawn(small, 3), tolerance=1e-12)
    whole = model.value(expanded(small, factors, bases))
    assert np.isclose(np.linalg.norm(whole - target), np.linalg.norm(small.value(factors) - core), atol=1e-9)


def test_compression_is_the_truncated_higher_order_svd():
    target = np.random.default_rng(0).standard_normal((6, 7, 5))
    core, bases = compressed(target, [2, 3, 5])
    assert (core.shape, bases[2]) == ((2, 3, 5), None)
    left = np.linalg.svd(target.reshape(6, -1))[0][:, :2]
    np.testing.assert_allclose(bases[0] @ bases[0].T, left @ left.T, atol=1e-10)
    # The projection is no worse than the tails of the unfoldings together (De Lathauwer et al. 2000, property 10).
    tails = sum(
        np.sum(np.linalg.svd(np.moveaxis(target, axis, 0).reshape(size, -1))[1][kept:] ** 2)
        for axis, (size, kept) in enumerate(zip((6, 7, 5), (2, 3, 5), strict=True))
    )
    assert np.sum(target**2) - np.sum(core**2) <= tails + 1e-10


def test_a_fit_finds_what_the_model_made_and_is_as_good_as_the_truth_under_noise():
    model = cp((9, 8, 7), 3)
    clean = model.value(drawn(model))
    for noise in (0.0, 0.1):
        target = clean + noise * np.random.default_rng(1).standard_normal(clean.shape)
        own, factors = fit(lambda shape: cp(shape, 3), target, np.random.default_rng(0), starts=5, ranks=[3, 3, 3])
        misfit = np.linalg.norm(own.value(factors) - target)
        assert misfit <= np.linalg.norm(clean - target) + 1e-6 * np.linalg.norm(clean)
        assert np.linalg.norm(own.value(factors) - clean) <= 0.6 * np.linalg.norm(clean - target) + 1e-6


def test_what_a_mask_hides_is_of_no_account_and_is_predicted():
    model = cp((9, 8, 7), 2)
    target = model.value(drawn(model))
    mask = np.random.default_rng(1).random(target.shape) < 0.7
    settings = {"starts": 3, "ranks": [2, 2, 2], "mask": mask}
    own, factors = fit(lambda shape: cp(shape, 2), np.where(mask, target, 9.0), np.random.default_rng(0), **settings)
    _, others = fit(lambda shape: cp(shape, 2), np.where(mask, target, -9.0), np.random.default_rng(0), **settings)
    np.testing.assert_allclose(own.value(factors), own.value(others), atol=1e-8)
    assert np.linalg.norm((own.value(factors) - target)[~mask]) < 1e-3 * np.linalg.norm(target[~mask])


def test_polishing_goes_to_a_stationary_point():
    model, target = cp((5, 4, 3), 2), np.random.default_rng(0).standard_normal((5, 4, 3))
    factors = polished(model, target, random_start(model, target, np.random.default_rng(2)), iterations=2000)
    gradient = model.gradient(factors, model.value(factors) - target)
    assert max(np.abs(own).max() for own in gradient.values()) < 1e-3 * np.linalg.norm(target)
