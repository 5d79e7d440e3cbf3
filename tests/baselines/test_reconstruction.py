"""Reconstruction from projections without a prior on the signal: fbp, cgls, mlem, sirt, and when they stop."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from skimage.transform import iradon, radon

from benchmark.algorithms.iterative import stopped_by_held_out
from benchmark.algorithms.quotients import quotient
from benchmark.contract import Estimate, Problem, Skipped
from benchmark.loading import load_module
from benchmark.noise import Poisson
from deeptensor.operators import Matrix, Operator, Radon

BASELINES = Path(__file__).parents[2] / "baselines"
FBP, CGLS, MLEM, SIRT, FBPCONVNET = (
    load_module(BASELINES / f"{name}.py") for name in ("fbp", "cgls", "mlem", "sirt", "fbpconvnet")
)
MANY_ANGLES = np.linspace(0, 180, 120, endpoint=False)


def problem_of(observed: np.ndarray, operator: Operator) -> Problem:
    return Problem(observed=observed, rank=1, noise=None, operator=operator)


def solve(method: object, observed: np.ndarray, operator: Operator, **params) -> Estimate:
    return method.solve(problem_of(observed, operator), seed=0, device="cpu", **params)


def phantom(size: int) -> np.ndarray:
    """Return slices size x size x 2: a disc of 0.5 with a brighter one off its centre, and half of that."""
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    slice_ = 0.5 * (np.hypot(rows, columns) < 0.8) + 0.5 * (np.hypot(rows - 0.3, columns + 0.2) < 0.25)
    return np.multiply.outer(slice_, [1.0, 0.5])


def relative_error(estimate: np.ndarray, clean: np.ndarray) -> float:
    return float(np.linalg.norm(estimate - clean) / np.linalg.norm(clean))


@pytest.mark.parametrize("size", [64, 65])
@pytest.mark.parametrize("name", ["ramp", "hann"])
def test_fbp_recovers_the_level_inside_a_disc(size, name):
    clean = phantom(size)
    operator = Radon(clean.shape, MANY_ANGLES)
    result = solve(FBP, operator(clean), operator, filter=name).signal
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    # Some pixels away from the edges, which are blurred.
    large = (np.hypot(rows, columns) < 0.7) & (np.hypot(rows - 0.3, columns + 0.2) > 0.35)
    small = np.hypot(rows - 0.3, columns + 0.2) < 0.15
    for inside, level in ((large, 0.5), (small, 1.0)):
        np.testing.assert_allclose(result[inside].mean(axis=0), [level, level / 2], rtol=0.01)


def test_fbp_is_that_of_scikit_image_on_slices_of_odd_size():
    clean = phantom(65)
    operator = Radon(clean.shape, MANY_ANGLES)
    result = solve(FBP, operator(clean), operator).signal[..., 0]
    # Its transform is that of the transposed slice.
    theirs = iradon(radon(clean[..., 0].T, MANY_ANGLES), MANY_ANGLES, filter_name="ramp").T
    rows, columns = np.mgrid[-1:1:65j, -1:1:65j]
    inside = np.hypot(rows, columns) < 0.95  # it sets the corners to zero
    # Backprojection interpolates otherwise there: the difference is at the edges of the discs.
    assert relative_error(result[inside], theirs[inside]) < 0.06
    assert relative_error(result, clean[..., 0]) < 0.3


def test_fbp_is_linear_and_its_hann_window_smooths():
    operator = Radon((33, 33), MANY_ANGLES)
    noise = np.random.default_rng(0).standard_normal(operator.measured)
    ramp, hann = (solve(FBP, noise, operator, filter=name).signal for name in ("ramp", "hann"))
    np.testing.assert_allclose(solve(FBP, 2 * noise, operator).signal, 2 * ramp, rtol=1e-9)
    assert hann.std() < 0.7 * ramp.std()


def test_ramp_filter_is_the_frequency_but_for_the_constant():
    frequency = np.fft.rfftfreq(256)
    response = FBP.ramp(256)
    np.testing.assert_allclose(response[1:], frequency[1:], atol=1e-3)
    # Of the constant it keeps what the finite extent of projections is worth.
    assert 0 < response[0] < 1e-3


def test_cgls_is_least_squares_after_as_many_iterations_as_unknowns():
    rng = np.random.default_rng(1)
    matrix, observed = rng.standard_normal((30, 12)), rng.standard_normal(30)
    operator = Matrix(matrix, (4, 3))
    kept = np.arange(30) < 26
    signal, measured = next(islice(CGLS.iterates(observed, operator, kept), 12, None))
    expected = np.linalg.lstsq(matrix[kept], observed[kept], rcond=None)[0]
    np.testing.assert_allclose(signal.ravel(), expected, atol=1e-5)  # the operator is of single precision
    np.testing.assert_allclose(measured, operator(signal), atol=1e-10)


def test_cgls_stays_at_an_exact_solution():
    operator = Matrix(np.eye(4), (4,))
    for signal, _ in islice(CGLS.iterates(np.arange(4.0), operator, np.ones(4, dtype=bool)), 5):
        np.testing.assert_allclose(signal, np.arange(4.0), atol=1e-12)


def test_likelihood_of_mlem_rises_and_its_counts_are_those_observed():
    clean = phantom(17)
    operator = Radon(clean.shape, np.arange(0, 180, 20))
    counts = np.random.default_rng(2).poisson(5 * operator(clean)).astype(float)
    kept = np.random.default_rng(3).random(counts.shape) > 0.1
    previous = -np.inf
    for signal, measured in islice(MLEM.iterates(counts, operator, kept), 30):
        assert signal.min() >= 0
        np.testing.assert_allclose(measured, operator(signal))
        assert measured[kept].sum() == pytest.approx(counts[kept].sum())
        positive = kept & (counts > 0)
        likelihood = np.sum(counts[positive] * np.log(measured[positive])) - measured[kept].sum()
        assert likelihood > previous
        previous = likelihood


def test_mlem_takes_negative_measurements_for_zero():
    operator = Radon((9, 9), np.arange(0, 180, 30))
    observed = Poisson(5, 4).sample(operator(np.full((9, 9), 0.05)), np.random.default_rng(4))
    assert observed.min() < 0
    clipped = solve(MLEM, np.maximum(observed, 0), operator).signal
    np.testing.assert_array_equal(solve(MLEM, observed, operator).signal, clipped)
    assert clipped.max() > 0.02


def test_sirt_decreases_the_weighted_residual_to_that_of_the_solution():
    clean = phantom(17)
    operator = Radon(clean.shape, np.arange(0, 180, 20))
    observed, kept = operator(clean), np.ones(operator.measured, dtype=bool)
    weights = quotient(np.ones(operator.measured), operator(np.ones(clean.shape)))
    residuals = [
        np.sum(weights * (measured - observed) ** 2)
        for _, measured in islice(SIRT.iterates(observed, operator, kept), 60)
    ]
    assert np.all(np.diff(residuals) < 0)
    # The measurements are exact, so that the least residual is zero.
    assert residuals[-1] < 1e-3 * np.sum(weights * observed**2)


@pytest.mark.parametrize("method", [CGLS, MLEM, SIRT], ids=["cgls", "mlem", "sirt"])
def test_phantom_is_recovered_from_exact_projections(method):
    clean = phantom(25)
    operator = Radon(clean.shape, MANY_ANGLES)
    assert relative_error(solve(method, operator(clean), operator).signal, clean) < 0.1


@pytest.mark.parametrize("method", [CGLS, MLEM, SIRT], ids=["cgls", "mlem", "sirt"])
def test_noisy_projections_stop_earlier_and_closer_to_the_phantom_than_the_last_iterate(method):
    clean = phantom(25)
    operator = Radon(clean.shape, MANY_ANGLES[::4])
    exact = operator(clean)
    observed = np.maximum(exact + np.random.default_rng(5).standard_normal(exact.shape), 0)
    stopped, free = (solve(method, measured, operator) for measured in (observed, exact))
    assert stopped.iterations < free.iterations
    iterates = method.iterates(observed, operator, np.ones(observed.shape, dtype=bool))
    last, _ = next(islice(iterates, 150, None))
    assert relative_error(stopped.signal, clean) < 0.9 * relative_error(last, clean)


def test_iteration_is_that_which_predicts_best_and_its_iterate_has_seen_everything():
    observed, asked = np.zeros(100), []

    def iterates(kept):
        asked.append(kept.sum())
        for number in range(1, 20):
            # The fourth is the closest to the observation.
            yield np.full(3, number), np.full(100, abs(number - 4) + 1.0)

    estimate = stopped_by_held_out(iterates, observed, seed=0, iterations=20)
    np.testing.assert_array_equal(estimate.signal, [4, 4, 4])
    assert estimate.iterations == 4
    assert asked == [95, 100]
    assert stopped_by_held_out(iterates, observed, seed=0, iterations=2).iterations == 2


def test_fbpconvnet_says_why_it_does_not_run():
    operator = Radon((9, 9), [0, 90])
    with pytest.raises(Skipped, match="weights"):
        solve(FBPCONVNET, np.zeros(operator.measured), operator)
