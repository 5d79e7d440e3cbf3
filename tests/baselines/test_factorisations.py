import logging
import warnings
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.special import rel_entr

from benchmark.contract import Estimate, Problem, compose
from benchmark.loading import load_module

BASELINES = Path(__file__).parents[2] / "baselines"
NMF, SEMI_NMF = (load_module(BASELINES / f"{name}.py") for name in ("nmf", "semi_nmf"))


def solve(method, samples: np.ndarray, rank: int, seed: int = 0, **params) -> Estimate:
    return method.solve(Problem(observed=samples, rank=rank), seed=seed, device="cpu", **params)


def factors(method, samples: np.ndarray, rank: int, seed: int = 0, **params) -> tuple[np.ndarray, np.ndarray]:
    return solve(method, samples, rank, seed, **params).factors


def parts(number: int = 30, seed: int = 0) -> np.ndarray:
    """Return images 6 x 5 that are sums of three non-negative patterns, each with a place of its own."""
    rng = np.random.default_rng(seed)
    patterns = rng.random((3, 6, 5)) * (np.arange(30).reshape(6, 5) // 10 == np.arange(3)[:, None, None])
    weights = rng.random((number, 3)) * (rng.random((number, 3)) < 0.5)
    return np.einsum("nr,rhw->nhw", weights, patterns)


def relative_error(samples: np.ndarray, estimate: np.ndarray) -> float:
    return float(np.linalg.norm(samples - estimate) / np.linalg.norm(samples))


@pytest.mark.parametrize("loss", ["frobenius", "kullback-leibler"])
def test_nmf_finds_the_parts_that_images_are_made_of(loss):
    samples = parts()
    weights, components = factors(NMF, samples, 3, loss=loss)
    assert (weights.shape, components.shape) == ((30, 3), (6, 5, 3))
    assert min(weights.min(), components.min()) >= 0
    # Left by the 200 iterations.
    assert relative_error(samples, compose((weights, components))) < 0.01
    energy = np.sum(components**2, axis=1)
    share = energy.reshape(3, 2, 3).sum(axis=1) / energy.sum(axis=0)  # place x component
    np.testing.assert_allclose(np.sort(share, axis=0)[-1], 1, atol=0.01)
    assert set(share.argmax(axis=0)) == {0, 1, 2}


def test_nmf_weights_are_the_non_negative_least_squares_fit_to_its_components():
    samples = parts() + 0.1 * np.random.default_rng(1).random((30, 6, 5))
    weights, components = factors(NMF, samples, 3)
    expected = np.array([nnls(components.reshape(30, 3), sample.ravel())[0] for sample in samples])
    # The tolerance of coordinate descent.
    np.testing.assert_allclose(weights, expected, atol=2e-3 * expected.max())


def test_each_loss_of_nmf_is_smallest_in_its_own_measure():
    samples = np.random.default_rng(2).gamma(0.5, size=(40, 20))
    norm, divergence = (compose(factors(NMF, samples, 4, loss=loss)) for loss in ("frobenius", "kullback-leibler"))
    assert np.sum((samples - norm) ** 2) < np.sum((samples - divergence) ** 2)

    def divergence_to(fit: np.ndarray) -> float:
        return np.sum(rel_entr(samples, np.maximum(fit, 1e-12)) - samples + fit)

    assert divergence_to(divergence) < divergence_to(norm)


@pytest.mark.parametrize("loss", ["frobenius", "kullback-leibler"])
def test_nmf_takes_what_noise_made_negative_for_zero(loss):
    observed = parts() - 0.1
    kept = observed.copy()
    for found, expected in zip(
        factors(NMF, observed, 3, loss=loss), factors(NMF, np.maximum(observed, 0), 3, loss=loss), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(observed, kept)


@pytest.mark.parametrize("rank", [3, 12])
def test_nmf_starts_the_same_for_every_seed_even_where_it_draws(rank):
    samples = np.random.default_rng(3).random((10, 15))
    first, other = (compose(factors(NMF, samples, rank, seed)) for seed in (0, 1))
    np.testing.assert_array_equal(first, other)
    assert relative_error(samples, first) < 0.5


def test_nmf_that_does_not_converge_says_so_in_the_log_alone(caplog):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        estimate = solve(NMF, parts(), 3, iterations=2)
    assert "ConvergenceWarning: Maximum number of iterations 2 reached" in caplog.text
    assert estimate.iterations == 2


@pytest.mark.parametrize(("shape", "rank"), [((20, 30), 4), ((30, 20), 4), ((6, 30), 10)])
def test_objective_of_semi_nmf_never_increases(shape, rank):
    data = np.random.default_rng(4).standard_normal(shape)
    steps = list(islice(SEMI_NMF.iterates(data, rank, np.random.default_rng(0)), 200))
    errors = np.array([np.sum((data - free @ positive.T) ** 2) for free, positive, _ in steps])
    np.testing.assert_allclose([error for *_, error in steps], errors, atol=1e-9)
    assert np.diff(errors).max() <= 1e-7  # the floor of G costs an entry 1e-9 of its gradient
    assert errors[-1] < 0.9 * errors[0] or errors[0] < 1e-9  # a rank above the rows fits at once


def test_free_factor_of_semi_nmf_is_the_least_squares_fit():
    data = np.random.default_rng(5).standard_normal((12, 18))
    for free, positive, _ in islice(SEMI_NMF.iterates(data, 3, np.random.default_rng(0)), 5):
        np.testing.assert_allclose(free.T, np.linalg.lstsq(positive, data.T, rcond=None)[0], atol=1e-10)


def test_semi_nmf_ends_where_no_admissible_step_helps():
    rng = np.random.default_rng(0)
    sparse = rng.random((18, 3)) * (rng.random((18, 3)) < 0.5)
    data = rng.standard_normal((12, 3)) @ sparse.T + 0.1 * rng.standard_normal((12, 18))
    steps = SEMI_NMF.iterates(data, 3, np.random.default_rng(0))

    def violation(free: np.ndarray, positive: np.ndarray) -> float:
        """Return by how much Karush-Kuhn-Tucker fail: no descent at a zero of G, and no slope at other entries."""
        scale = np.linalg.norm(free, axis=0)
        gradient = (free @ positive.T - data).T @ (free / scale)
        return max(-gradient.min(), np.abs(gradient * positive * scale).max())

    assert violation(*next(steps)[:2]) > 1
    # The updates converge slowly: 5000 of them leave this much.
    assert violation(*next(islice(steps, 5000, None))[:2]) < 5e-3


@pytest.mark.parametrize(("nonnegative", "which"), [("samples", 0), ("pixels", 1)])
def test_side_names_the_factor_of_semi_nmf_that_is_not_negative(nonnegative, which):
    samples = np.random.default_rng(7).standard_normal((20, 6, 5))
    found = factors(SEMI_NMF, samples, 4, nonnegative=nonnegative)
    assert [factor.shape for factor in found] == [(20, 4), (6, 5, 4)]
    assert found[which].min() >= 0
    assert found[1 - which].min() < 0


@pytest.mark.parametrize("nonnegative", ["samples", "pixels"])
def test_semi_nmf_fits_data_of_its_own_kind(nonnegative):
    rng = np.random.default_rng(8)
    of_samples, of_pixels = rng.standard_normal((25, 2)), rng.random((30, 2))
    if nonnegative == "samples":
        of_samples, of_pixels = np.abs(of_samples), of_pixels - 0.5
    samples = (of_samples @ of_pixels.T).reshape(25, 6, 5)
    # Left by the 500 iterations.
    assert relative_error(samples, compose(factors(SEMI_NMF, samples, 2, nonnegative=nonnegative))) < 0.01


def test_semi_nmf_with_non_negative_samples_is_that_of_the_transpose():
    data = np.random.default_rng(9).standard_normal((12, 18))
    samples, pixels = factors(SEMI_NMF, data, 3, nonnegative="samples")
    of_pixels, of_samples = factors(SEMI_NMF, data.T, 3, nonnegative="pixels")
    np.testing.assert_allclose(samples, of_samples, atol=1e-10)
    np.testing.assert_allclose(pixels, of_pixels, atol=1e-10)


def test_semi_nmf_stops_where_the_error_no_longer_falls():
    data = np.outer(np.arange(1.0, 6), np.arange(1.0, 8))
    estimate = solve(SEMI_NMF, data, 1)
    assert estimate.iterations < 100
    np.testing.assert_allclose(compose(estimate.factors), data, rtol=1e-4)


@pytest.mark.parametrize("method", [NMF, SEMI_NMF])
def test_rank_of_no_components_is_an_error(method):
    with pytest.raises(ValueError, match="rank 0 for 30 samples of 30 features"):
        solve(method, parts(), 0)
