"""The fit: what it recovers, what it returns, and what it refuses."""

import numpy as np
import pytest
import torch

from benchmark.contract import compose
from benchmark.metrics import psnr
from deeptensor import factorise
from deeptensor.fit import snapshot_iterations

QUICK = {"iterations": 12, "channels": 8, "scales": 2}


def smooth_cube(height: int = 24, width: int = 21, bands: int = 16) -> np.ndarray:
    """Return a cube of rank 3 with values in [0, 1] and maximum 1."""
    rows, columns, wavelengths = (np.linspace(0, 1, size) for size in (height, width, bands))
    maps = [np.multiply.outer(np.sin(3 * rows), 1 + columns), np.multiply.outer(rows**2, np.cos(4 * columns) ** 2)]
    maps.append(np.exp(-20 * ((rows[:, None] - 0.4) ** 2 + (columns - 0.6) ** 2)))
    spectra = [1 + wavelengths, np.exp(-10 * (wavelengths - 0.5) ** 2), 1 - wavelengths]
    cube = sum(np.multiply.outer(image, spectrum) for image, spectrum in zip(maps, spectra, strict=True))
    return cube / cube.max()


@pytest.fixture(scope="module")
def fit():
    return factorise(smooth_cube(), rank=3, iterations=60, channels=8, scales=2)


def test_exactly_low_rank_matrix_without_noise_is_recovered_within_1_per_cent():
    rng = np.random.default_rng(0)
    X = rng.random((20, 3)) @ rng.random((3, 17))
    settings = {"learning_rate": 1e-2, "channels": 32, "scales": 2, "perturbation": 0}
    recovered = compose(factorise(X, rank=3, iterations=250, **settings).factors)
    assert np.linalg.norm(recovered - X) < 0.01 * np.linalg.norm(X - X.mean())


@pytest.mark.parametrize("loss", ["l1", "l2"])
def test_smooth_noisy_cube_comes_closer_to_the_truth_than_by_truncated_svd(loss):
    clean = smooth_cube()
    noisy = clean + 0.2 * np.random.default_rng(0).standard_normal(clean.shape)
    U, s, Vh = np.linalg.svd(noisy.reshape(-1, clean.shape[2]), full_matrices=False)
    svd = ((U[:, :3] * s[:3]) @ Vh[:3]).reshape(clean.shape)
    fit = factorise(noisy, rank=3, loss=loss, iterations=200, learning_rate=1e-2, channels=32, scales=3)
    assert psnr(clean, compose(fit.factors), 1.0) > psnr(clean, svd, 1.0) + 0.5
    assert psnr(clean, compose(fit.average), 1.0) > psnr(clean, svd, 1.0) + 3


@pytest.mark.parametrize(
    ("shape", "modes", "sizes"),
    [
        ((9, 7), None, [(9,), (7,)]),
        ((9, 7, 5), None, [(9, 7), (5,)]),
        ((9, 7, 5), ((0,), (1,), (2,)), [(9,), (7,), (5,)]),
        ((9, 7, 5), ((0,), (1, 2)), [(9,), (7, 5)]),
        ((5, 4, 3, 6), ((0, 1, 2), (3,)), [(5, 4, 3), (6,)]),
        ((9, 1, 1), None, [(9, 1), (1,)]),
    ],
)
def test_factors_have_the_sizes_of_their_axes_and_compose_to_the_shape_of_the_array(shape, modes, sizes):
    fit = factorise(np.random.default_rng(0).random(shape), rank=2, modes=modes, **QUICK)
    assert [factor.shape for factor in fit.factors] == [(*size, 2) for size in sizes]
    assert compose(fit.factors).shape == shape


def test_axes_keep_their_places():
    """A cube that varies along one axis alone is told from one that varies along another."""
    ramp = np.linspace(0, 1, 10)
    for axis in range(3):
        X = np.broadcast_to(np.expand_dims(ramp, [other for other in range(3) if other != axis]), (10, 10, 10))
        fitted = compose(factorise(X, rank=2, iterations=30, learning_rate=1e-2, channels=8, scales=1).factors)
        along = [np.ptp(fitted.mean(axis=tuple(other for other in range(3) if other != a))) for a in range(3)]
        assert np.argmax(along) == axis


@pytest.mark.parametrize("loss", ["l1", "l2"])
def test_returned_factors_are_those_of_the_lowest_training_loss(loss):
    Y = smooth_cube()
    fit = factorise(Y, rank=3, loss=loss, iterations=60, channels=8, scales=2, learning_rate=3e-2)
    assert fit.loss.shape == (fit.iterations,) == (60,)
    assert fit.best_iteration == 1 + np.argmin(fit.loss)
    assert 1 < fit.best_iteration < 60  # else the claim would hold of the first or the last iterate as well
    residual = np.abs(Y - compose(fit.factors))
    np.testing.assert_allclose(np.mean(residual**2 if loss == "l2" else residual), fit.loss.min(), rtol=1e-4)


def test_average_is_the_exponential_one_of_the_iterates():
    # Of a fit as short as this one, every iterate is a snapshot.
    fit = factorise(smooth_cube(), rank=3, **QUICK)
    assert [snapshot.iteration for snapshot in fit.snapshots] == list(range(1, 13))
    weights = 0.99 ** np.arange(12)[::-1]
    for number, average in enumerate(fit.average):
        iterates = [snapshot.factors[number].astype(float) for snapshot in fit.snapshots]
        np.testing.assert_allclose(average, np.average(iterates, axis=0, weights=weights), atol=1e-3)


@pytest.mark.parametrize("iterations", [1, 2, 100, 5000])
def test_snapshots_are_spaced_by_about_equal_ratios_from_the_first_iteration_to_the_last(iterations):
    chosen = snapshot_iterations(iterations)
    assert chosen[0] == 1
    assert chosen[-1] == iterations
    assert len(chosen) <= 30
    late = chosen[chosen > 30]
    assert np.ptp(np.diff(np.log(late))) < 0.05 if len(late) > 1 else len(chosen) == iterations


def test_snapshots_tell_iteration_loss_and_time_in_order(fit):
    assert [s.iteration for s in fit.snapshots] == snapshot_iterations(60).tolist()
    np.testing.assert_allclose([s.loss for s in fit.snapshots], [fit.loss[s.iteration - 1] for s in fit.snapshots])
    assert (np.diff([s.seconds for s in fit.snapshots]) > 0).all()


def test_half_precision_of_the_snapshots_costs_less_than_a_hundredth_of_a_decibel(fit):
    clean, snapshot = smooth_cube(), fit.snapshots[-1]
    assert {factor.dtype for factor in (*snapshot.factors, *snapshot.average)} == {np.dtype(np.float16)}
    halved = tuple(factor.astype(np.float32) for factor in snapshot.average)
    assert abs(psnr(clean, compose(halved), 1.0) - psnr(clean, compose(fit.average), 1.0)) < 0.01


def test_same_seed_gives_the_same_bits_and_another_seed_another_fit():
    Y = smooth_cube()
    first, again, other = (factorise(Y, rank=3, seed=seed, **QUICK) for seed in (3, 3, 4))
    for one, two in zip((*first.factors, *first.average), (*again.factors, *again.average), strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(first.loss, again.loss)
    assert not np.allclose(first.loss, other.loss)


def test_perturbation_changes_the_iterates_but_not_the_networks_at_the_start():
    Y = smooth_cube()
    without, weak, strong = (factorise(Y, rank=3, perturbation=p, **QUICK).loss for p in (0, 1e-7, 1))
    np.testing.assert_allclose(weak[0], without[0], rtol=1e-3)
    assert abs(strong[0] / without[0] - 1) > 1e-2


def test_global_random_state_and_input_are_left_alone():
    Y = smooth_cube()
    before, copy = torch.get_rng_state(), Y.copy()
    factorise(Y, rank=3, **QUICK)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(Y, copy)


@pytest.mark.parametrize(
    ("Y", "settings", "message"),
    [
        (np.array([[1.0, np.nan], [0, 0]]), {}, "not finite"),
        (np.array([[1.0, 1e300], [0, 0]]), {}, "not finite in single precision"),
        (np.ones((4, 0)), {}, r"empty, of shape \(4, 0\)"),
        (np.ones((4, 4), complex), {}, "real numbers, not complex128"),
        (np.ones(4), {}, "two or three axes, not 1"),
        (np.ones((2, 2, 2, 2)), {}, "give `modes`"),
        (np.ones((4, 4)), {"rank": 0}, "rank must be at least 1, not 0"),
        (np.ones((4, 4)), {"iterations": 0}, "iterations must be at least 1"),
        (np.ones((4, 4)), {"loss": "l3"}, "unknown loss 'l3'; there are: l1, l2"),
        (np.ones((4, 4)), {"modes": ((1,), (0,))}, "in order"),
        (np.ones((4, 4)), {"modes": ((0, 1),)}, "two or more groups"),
        (np.ones((2, 2, 2, 2, 2)), {"modes": ((0, 1, 2, 3), (4,))}, "one to three axes"),
    ],
)
def test_input_that_makes_no_sense_is_refused(Y, settings, message):
    with pytest.raises(ValueError, match=message):
        factorise(Y, **{"rank": 1, **QUICK, **settings})


def test_rank_above_the_size_is_allowed():
    assert compose(factorise(np.eye(3), rank=7, **QUICK).factors).shape == (3, 3)
