"""The fit: what it recovers, what it returns, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from deeptensor import Decomposition, Diverged, Model, Network, factorise, factorise_many
from deeptensor.loop import State
from deeptensor.operators import CodedExposure, EntrySampling
from deeptensor.snapshots import snapshot_iterations

SMALL = Network(channels=8, scales=2)
QUICK = {"iterations": 12, "learning_rate": 1e-3, "schedule": "fixed"}


def smooth_cube(height: int = 24, width: int = 21, bands: int = 16) -> np.ndarray:
    """Return a cube of rank 3 with values in [0, 1] and maximum 1."""
    rows, columns, wavelengths = (np.linspace(0, 1, size) for size in (height, width, bands))
    maps = [np.multiply.outer(np.sin(3 * rows), 1 + columns), np.multiply.outer(rows**2, np.cos(4 * columns) ** 2)]
    maps.append(np.exp(-20 * ((rows[:, None] - 0.4) ** 2 + (columns - 0.6) ** 2)))
    spectra = [1 + wavelengths, np.exp(-10 * (wavelengths - 0.5) ** 2), 1 - wavelengths]
    cube = sum(np.multiply.outer(image, spectrum) for image, spectrum in zip(maps, spectra, strict=True))
    return cube / cube.max()


def relative_error(decomposition: Decomposition, X: np.ndarray) -> float:
    return np.linalg.norm(decomposition.reconstruct() - X) / np.linalg.norm(X - X.mean())


def psnr(decomposition: Decomposition, clean: np.ndarray) -> float:
    return -10 * np.log10(np.mean((decomposition.reconstruct() - clean) ** 2))


@pytest.fixture(scope="module")
def fit():
    return factorise(smooth_cube(), Model(3, network=SMALL), iterations=60)


@pytest.mark.parametrize(
    ("shape", "model"),
    [
        ((20, 17), {}),
        ((20, 17), {"structure": "tucker"}),
        ((12, 9, 10), {"modes": ((0,), (1,), (2,)), "weights": True}),
        ((12, 9, 10), {}),
        ((8, 7, 6, 5), {"modes": ((0,), (1,), (2,), (3,))}),
    ],
    ids=str,
)
def test_exactly_low_rank_array_without_noise_is_recovered_within_2_per_cent(shape, model):
    rng = np.random.default_rng(0)
    X = np.einsum("ar,br->ab", rng.random((shape[0], 3)), rng.random((np.prod(shape[1:]), 3)))
    if len(shape) > 2:
        factors = [rng.random((size, 3)) for size in shape]
        X = np.einsum({3: "ar,br,cr->abc", 4: "ar,br,cr,dr->abcd"}[len(shape)], *factors)
    network = Network(channels=32, scales=2, perturbation=0)
    fit = factorise(X.reshape(shape), Model(3, network=network, **model), iterations=250, learning_rate=1e-2)
    assert relative_error(fit.decomposition, X.reshape(shape)) < 0.02


def test_covariance_of_low_rank_is_recovered_within_2_per_cent():
    U = np.random.default_rng(0).standard_normal((16, 3))
    network = Network(channels=32, scales=2, perturbation=0)
    fit = factorise(U @ U.T, Model(3, structure="symmetric", network=network), iterations=400, learning_rate=1e-2)
    assert relative_error(fit.decomposition, U @ U.T) < 0.02
    np.testing.assert_array_equal(*fit.decomposition.factors)


# Of five seeds the last iterate gains 0.4 to 1.6, 3.1 to 5.0 and 0.5 to 1.6 dB, the average 2.5, 5.3 and 2.6 or more.
@pytest.mark.parametrize(("loss", "last", "average"), [("l1", 0, 2), ("l2", 2, 4), ("huber", 0, 2)])
def test_smooth_noisy_cube_comes_closer_to_the_truth_than_by_truncated_svd(loss, last, average):
    clean = smooth_cube()
    noisy = clean + 0.2 * np.random.default_rng(0).standard_normal(clean.shape)
    U, s, Vh = np.linalg.svd(noisy.reshape(-1, clean.shape[2]), full_matrices=False)
    svd = psnr(Decomposition(((U[:, :3] * s[:3]).reshape(24, 21, 3), Vh[:3].T)), clean)
    model = Model(3, network=Network(channels=32, scales=3))
    fit = factorise(noisy, model, loss=loss, iterations=200, learning_rate=1e-2)
    assert psnr(fit.decomposition, clean) > svd + last
    assert psnr(fit.average, clean) > svd + average


def test_poisson_loss_makes_more_of_few_counts_than_the_mean_square():
    """Counts are noisier where the signal is strong: the likelihood knows."""
    rng = np.random.default_rng(0)
    clean = smooth_cube() ** 3
    noisy = rng.poisson(4 * clean) / 4
    network = Network(channels=16, scales=3, perturbation=1 / 30)
    model = Model(3, network=network, activation="softplus")
    fits = {
        loss: factorise(noisy, model, loss=loss, iterations=100, learning_rate=1e-2, schedule="fixed")
        for loss in ("poisson", "l2")
    }
    assert psnr(fits["poisson"].average, clean) > psnr(fits["l2"].average, clean)
    assert psnr(fits["poisson"].average, clean) > 25


@pytest.mark.parametrize("activation", ["softplus", "abs", "relu"])
def test_non_negative_factors_fit_non_negative_data(activation):
    rng = np.random.default_rng(0)
    X = rng.random((20, 3)) @ rng.random((3, 17))
    network = Network(channels=32, scales=2, perturbation=0)
    # A rectified component that is zero everywhere stays so: some may be lost.
    fit = factorise(X, Model(6, network=network, activation=activation), iterations=300, learning_rate=1e-2)
    assert min(factor.min() for factor in fit.decomposition.factors) >= 0
    assert relative_error(fit.decomposition, X) < 0.25


@pytest.mark.parametrize(
    "network", [Network("decoder", 32, 2), Network("mlp", 32, input="positional")], ids=lambda n: n.kind
)
def test_other_networks_fit_a_smooth_matrix(network):
    X = np.add.outer(np.sin(np.linspace(0, 3, 24)), np.linspace(0, 1, 21) ** 2)
    assert (
        relative_error(factorise(X, Model(3, network=network), iterations=300, learning_rate=1e-2).decomposition, X)
        < 0.1
    )


def test_missing_entries_are_filled_in_and_may_be_nan():
    X = np.add.outer(np.sin(np.linspace(0, 3, 24)), np.linspace(0, 1, 21) ** 2)
    observed = np.random.default_rng(0).random(X.shape) < 0.4
    model = Model(2, network=Network(channels=32, scales=3))
    settings = {"learning_rate": 1e-2, "schedule": "fixed"}
    by_weights = factorise(np.where(observed, X, np.nan), model, weights=observed, iterations=200, **settings)
    by_operator = factorise(X[observed], model, operator=EntrySampling(observed), iterations=5, **settings)
    assert relative_error(by_weights.average, X) < 0.1
    np.testing.assert_allclose(by_weights.loss[:5], by_operator.loss, rtol=1e-4)


def test_cube_is_recovered_from_coded_sums_of_its_frames():
    X = smooth_cube()
    operator = CodedExposure(np.random.default_rng(0).random(X.shape) < 0.5, frames=4)
    model = Model(4, network=Network(channels=16, scales=3))
    fit = factorise(operator(X), model, operator=operator, iterations=200, learning_rate=1e-2)
    adjoint = operator.adjoint(operator(X))
    assert fit.decomposition.reconstruct().shape == X.shape
    assert relative_error(fit.average, X) < 0.2 < np.linalg.norm(adjoint - X) / np.linalg.norm(X - X.mean())


@pytest.mark.parametrize(
    ("shape", "modes", "sizes"),
    [
        ((9, 7), None, [(9,), (7,)]),
        ((9, 7, 5), None, [(9, 7), (5,)]),
        ((9, 7, 5), ((0,), (1,), (2,)), [(9,), (7,), (5,)]),
        ((9, 7, 5), ((0,), (1, 2)), [(9,), (7, 5)]),
        ((9, 7, 5), ((0, 1, 2),), [(9, 7, 5)]),
        ((5, 4, 3, 6), ((0, 1, 2), (3,)), [(5, 4, 3), (6,)]),
        ((9, 1, 1), None, [(9, 1), (1,)]),
        ((1, 1), None, [(1,), (1,)]),
    ],
)
def test_factors_have_the_sizes_of_their_axes_and_make_the_shape_of_the_array(shape, modes, sizes):
    Y = np.random.default_rng(0).random(shape)
    fit = factorise(Y, Model(2, modes=modes, network=SMALL), **QUICK)
    assert [factor.shape for factor in fit.decomposition.factors] == [(*size, 2) for size in sizes]
    assert fit.decomposition.reconstruct().shape == shape


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33])
def test_matrix_of_any_length_can_be_fitted(length):
    Y = np.random.default_rng(0).random((length, 71 - length))
    fit = factorise(Y, Model(2, network=Network(channels=2)), iterations=2)
    assert np.isfinite(fit.loss).all()
    assert fit.decomposition.reconstruct().std() > 0 or Y.size == 1


def test_axes_keep_their_places():
    """A cube that varies along one axis alone is told from one that varies along another."""
    ramp = np.linspace(0, 1, 10)
    model = Model(2, network=Network(channels=8, scales=1))
    for axis in range(3):
        X = np.broadcast_to(np.expand_dims(ramp, [other for other in range(3) if other != axis]), (10, 10, 10))
        fitted = factorise(X, model, iterations=30, learning_rate=1e-2).decomposition.reconstruct()
        along = [np.ptp(fitted.mean(axis=tuple(other for other in range(3) if other != a))) for a in range(3)]
        assert np.argmax(along) == axis


@pytest.mark.parametrize("loss", ["l1", "l2"])
def test_returned_factors_are_those_of_the_lowest_training_loss(loss):
    Y = smooth_cube()
    network = replace(SMALL, perturbation=1 / 30)  # the loss then goes up and down
    fit = factorise(Y, Model(3, network=network), loss=loss, iterations=60, learning_rate=3e-2, schedule="fixed")
    assert fit.loss.shape == (fit.iterations,) == (60,)
    assert fit.best_iteration == 1 + np.argmin(fit.loss)
    assert 1 < fit.best_iteration < 60  # else the claim would hold of the first or the last iterate as well
    residual = np.abs(Y - fit.decomposition.reconstruct())
    np.testing.assert_allclose(np.mean(residual**2 if loss == "l2" else residual), fit.loss.min(), rtol=1e-4)


def test_core_belongs_to_the_iterate_of_its_factors():
    X = np.random.default_rng(0).random((9, 8, 7))
    model = Model(3, structure="tucker", network=SMALL)
    fit = factorise(X, model, iterations=40, learning_rate=3e-2)
    np.testing.assert_allclose(np.mean((X - fit.decomposition.reconstruct()) ** 2), fit.loss.min(), rtol=1e-4)


def test_penalties_are_part_of_the_loss_and_shrink_the_factors():
    Y = smooth_cube()
    plain, penalised = (
        factorise(Y, Model(3, network=SMALL), l1_penalty=p, l2_penalty=p, iterations=60, learning_rate=1e-2)
        for p in (0, 0.1)
    )
    residual = np.mean((Y - penalised.decomposition.reconstruct()) ** 2)
    penalties = sum(0.1 * (np.abs(F).mean() + (F**2).mean()) for F in penalised.decomposition.factors)
    np.testing.assert_allclose(residual + penalties, penalised.loss.min(), rtol=1e-4)
    assert all(
        np.abs(small).mean() < np.abs(large).mean()
        for small, large in zip(penalised.decomposition.factors, plain.decomposition.factors, strict=True)
    )


def test_average_is_the_exponential_one_of_the_iterates():
    # Of a fit as short as this one, every iterate is a snapshot.
    fit = factorise(smooth_cube(), Model(3, network=SMALL), **QUICK)
    assert [snapshot.iteration for snapshot in fit.snapshots] == list(range(1, 13))
    weights = 0.99 ** np.arange(12)[::-1]
    for number, average in enumerate(fit.average.factors):
        iterates = [snapshot.last.factors[number].astype(float) for snapshot in fit.snapshots]
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
    assert {factor.dtype for factor in (*snapshot.last.factors, *snapshot.average.factors)} == {np.dtype(np.float16)}
    assert abs(psnr(snapshot.average, clean) - psnr(fit.average, clean)) < 0.01


def test_same_seed_gives_the_same_bits_and_another_seed_another_fit():
    Y = smooth_cube()
    first, again, other = (factorise(Y, Model(3, network=SMALL), seed=seed, **QUICK) for seed in (3, 3, 4))
    for kept in ("decomposition", "average"):
        for one, two in zip(getattr(first, kept).factors, getattr(again, kept).factors, strict=True):
            np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(first.loss, again.loss)
    assert not np.allclose(first.loss, other.loss)


def test_number_of_threads_changes_nothing_unless_it_was_chosen(monkeypatch):
    Y, model = np.random.default_rng(0).random((200, 150)), Model(8, network=Network(channels=64))
    before, used, advance = torch.get_num_threads(), [], State.advance

    def advance_and_tell(state, task):
        used.append(torch.get_num_threads())
        return advance(state, task)

    monkeypatch.setattr(State, "advance", advance_and_tell)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    try:
        losses = []
        for threads in (1, 2):
            monkeypatch.setattr("deeptensor.fit.THREADS_AT_FIRST", threads)  # as on a machine of so many cores
            torch.set_num_threads(threads)
            losses.append(factorise(Y, model, iterations=3).loss)
            assert torch.get_num_threads() == threads
        np.testing.assert_array_equal(*losses)
        assert set(used) == {1}
        monkeypatch.setattr("deeptensor.fit.THREADS_AT_FIRST", 1)  # so that 2 are somebody's choice
        factorise(Y, model, iterations=1)
        monkeypatch.setattr("deeptensor.fit.THREADS_AT_FIRST", 2)
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        factorise(Y, model, iterations=1)
        assert used[-2:] == [2, 2]
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("structure", ["cp", "tucker"])
@pytest.mark.parametrize("shape", [(12, 12), (12, 9, 7)], ids=str)
def test_arrays_fitted_side_by_side_are_those_fitted_alone(shape, structure):
    Ys = np.random.default_rng(0).random((3, *shape))
    model = Model(2, structure, network=SMALL)
    settings = QUICK | {"iterations": 4}
    for Y, seed, fit in zip(Ys, (4, 5, 6), factorise_many(Ys, model, seeds=[4, 5, 6], **settings), strict=True):
        alone = factorise(Y, model, seed=seed, **settings)
        # The order of sums differs: rounding errors, which Adam amplifies from step to step.
        np.testing.assert_allclose(fit.loss, alone.loss, rtol=1e-3)
        np.testing.assert_allclose(fit.average.reconstruct(), alone.average.reconstruct(), atol=1e-3)


def test_array_that_diverges_leaves_those_beside_it_alone():
    good, huge = np.random.default_rng(0).random((9, 7)), np.full((9, 7), 1e30)
    model = Model(2, network=SMALL)
    with pytest.raises(Diverged, match="array 1: no iterate has a finite loss") as raised:
        factorise_many([good, huge], model, seeds=[3, 4], **QUICK)
    kept, lost = raised.value.fits
    assert lost is None
    np.testing.assert_allclose(kept.loss, factorise(good, model, seed=3, **QUICK).loss, rtol=1e-3)


def test_perturbation_changes_the_iterates_but_not_the_networks_at_the_start():
    Y = smooth_cube()
    without, weak, strong = (
        factorise(Y, Model(3, network=Network(channels=8, scales=2, perturbation=p)), **QUICK).loss
        for p in (0, 1e-7, 1)
    )
    np.testing.assert_allclose(weak[0], without[0], rtol=1e-3)
    assert abs(strong[0] / without[0] - 1) > 1e-2


@pytest.mark.parametrize(
    "model", [Model(3, network=SMALL), Model(3, "tucker", network=SMALL)], ids=lambda m: m.structure
)
def test_scale_of_the_data_is_given_back(model):
    X = smooth_cube()
    plain = factorise(X, model, **QUICK).decomposition.reconstruct()
    # A power of two: of any other the rounding errors differ, which a fit amplifies from step to step.
    scaled = factorise(1024 * X, model, scale=1024, **QUICK).decomposition.reconstruct()
    np.testing.assert_allclose(scaled, 1024 * plain, rtol=1e-6)


def test_scale_reaches_both_factors_of_a_symmetric_model_and_the_thresholds():
    U = np.random.default_rng(0).random((8, 2))
    model = Model(2, "symmetric", network=SMALL)
    plain, scaled = (
        factorise(s * U @ U.T, model, scale=s, loss="huber", delta=0.1 * s, **QUICK).decomposition for s in (1, 100)
    )
    np.testing.assert_allclose(scaled.factors[1], 10 * plain.factors[1], rtol=1e-4, atol=1e-5)


def test_global_random_state_and_input_are_left_alone():
    Y = smooth_cube().astype(np.float32)
    tensor = torch.from_numpy(Y.copy())
    before, copy = torch.get_rng_state(), Y.copy()
    factorise(Y, Model(3, network=SMALL), **QUICK)
    factorise(tensor, Model(3, network=SMALL), weights=(Y > 0.1), **QUICK)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(Y, copy)
    np.testing.assert_array_equal(tensor.numpy(), copy)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4"])
def test_precision_of_the_data_decides_that_of_the_result_alone(dtype):
    Y = np.arange(63).reshape(9, 7) // 16
    fit = factorise(Y.astype(dtype), Model(2, network=SMALL), **QUICK)
    assert {factor.dtype for factor in fit.decomposition.factors} == {np.dtype("f8" if dtype in ("f8", "i4") else "f4")}
    np.testing.assert_array_equal(fit.loss, factorise(Y.astype("f4"), Model(2, network=SMALL), **QUICK).loss)


def test_layout_of_the_data_in_memory_does_not_matter():
    Y = smooth_cube()
    strided = np.asfortranarray(np.repeat(Y, 2, axis=1))[:, ::2]
    model = Model(3, network=SMALL)
    np.testing.assert_array_equal(factorise(strided, model, **QUICK).loss, factorise(Y, model, **QUICK).loss)


def test_torch_comes_back_as_torch():
    Y = torch.rand(9, 7, dtype=torch.float64)
    fit = factorise(Y, Model(2, network=SMALL), **QUICK)
    assert all(isinstance(factor, torch.Tensor) for factor in fit.decomposition.factors)
    reconstruction = fit.decomposition.reconstruct()
    assert (reconstruction.dtype, reconstruction.device) == (Y.dtype, Y.device)


def test_progress_bar_is_silent_unless_asked_for(capfd):
    factorise(np.eye(4), Model(1, network=SMALL), **QUICK)
    assert capfd.readouterr() == ("", "")
    factorise(np.eye(4), Model(1, network=SMALL), progress=True, **QUICK)
    assert "12/12" in capfd.readouterr().err


def test_rank_above_every_size_is_allowed():
    X = np.random.default_rng(0).random((6, 5, 4))
    model = Model(200, modes=((0,), (1,), (2,)), network=SMALL, weights=True)
    fit = factorise(X, model, iterations=140, learning_rate=1e-2)
    assert relative_error(fit.decomposition, X) < 0.1


@pytest.mark.parametrize(
    ("Y", "settings", "message"),
    [
        (np.array([[1.0, np.nan], [0, 0]]), {}, "not finite"),
        (np.array([[1.0, 1e300], [0, 0]]), {}, "not finite in single precision"),
        (np.ones((4, 0)), {}, r"empty, of shape \(4, 0\)"),
        (np.ones((4, 4), complex), {}, "real numbers, not complex128"),
        (np.ones(4), {}, "two or three axes, not 1"),
        (np.ones((4, 4)), {"iterations": 0}, "iterations must be a whole number of at least 1, not 0"),
        (np.ones((4, 4)), {"learning_rate": -1}, "learning_rate must be a positive number, not -1"),
        (np.ones((4, 4)), {"iterations": 2.5}, "iterations must be a whole number of at least 1, not 2.5"),
        (np.ones((4, 4)), {"scale": 0}, "scale must be a positive number, not 0"),
        (np.ones((4, 4)), {"delta": 0}, "delta must be a positive number, not 0"),
        (np.ones((4, 4)), {"l1_penalty": -1}, "l1_penalty must be a number that is not negative, not -1"),
        (np.ones((4, 4)), {"checkpoint": "no/such/folder/fit.pt"}, "folder of the checkpoint .* does not exist"),
        (np.ones((4, 4)), {"loss": "l3"}, "unknown loss 'l3'; there are: l1, l2, huber, poisson"),
        (-np.ones((4, 4)), {"loss": "poisson"}, "needs data that are not negative"),
        (np.ones((4, 4)), {"weights": np.ones(4)}, r"weights must have the data's shape \(4, 4\), not \(4,\)"),
        (np.ones((4, 4)), {"weights": -np.ones((4, 4))}, "weights must be finite and not negative"),
        (np.ones((4, 4)), {"weights": np.zeros((4, 4))}, "all zero: nothing of it is observed"),
        (np.full((4, 4), np.nan), {"weights": np.eye(4)}, "not finite where the weights are positive"),
        (np.ones(5), {"operator": EntrySampling(np.eye(4, dtype=bool))}, r"shape \(5,\), the operator's is \(4,\)"),
    ],
)
def test_input_that_makes_no_sense_is_refused(Y, settings, message):
    with pytest.raises(ValueError, match=message):
        factorise(Y, Model(1, network=SMALL), **{**QUICK, **settings})


@pytest.mark.parametrize(
    ("Ys", "seeds", "message"),
    [
        ([], None, "no array to fit"),
        ([np.eye(4), np.eye(5)], None, "must have one shape"),
        ([np.eye(4)], [1, 2], "one seed an array: 1, not 2"),
    ],
)
def test_arrays_that_cannot_be_fitted_side_by_side_are_refused(Ys, seeds, message):
    with pytest.raises(ValueError, match=message):
        factorise_many(Ys, Model(1, network=SMALL), seeds=seeds, **QUICK)
