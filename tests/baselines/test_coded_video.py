"""Recovery of videos from coded exposures: temporal_interpolation, gap_tv, and tv_published for volumes, too."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.algorithms.exposures import samples_of
from benchmark.contract import Estimate, Problem, Skipped, compose
from benchmark.loading import load_module
from deeptensor.operators import CodedExposure, Operator, Radon, random_code

BASELINES = Path(__file__).parents[2] / "baselines"
INTERPOLATION, GAP_TV, PUBLISHED, CONVOLUTION = (
    load_module(BASELINES / f"{name}.py")
    for name in ("temporal_interpolation", "gap_tv", "tv_published", "normalised_convolution")
)


def solve(method: object, observed: np.ndarray, operator: Operator, seed: int = 0, rank: int = 3, **params) -> Estimate:
    problem = Problem(observed=observed, rank=rank, operator=operator)
    return method.solve(problem, seed=seed, device="cpu", **params)


def moving_disc(height: int, width: int, frames: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    centres = np.linspace(width / 3, 2 * width / 3, frames)
    distance = np.hypot(rows[..., None] - height / 2, columns[..., None] - centres)
    return 0.2 + 0.7 * (distance < width / 4)


def test_video_linear_in_time_is_recovered_exactly_between_its_samples():
    shape = (7, 6, 16)
    slope, level = np.random.default_rng(0).random((2, 7, 6))
    video = level[..., None] + slope[..., None] * np.arange(16)
    code = random_code(shape, 4, seed=1)
    operator = CodedExposure(code, 4)
    samples, sampled = samples_of(operator(video), operator)
    np.testing.assert_array_equal(sampled, code)
    result = INTERPOLATION.interpolated(samples, sampled)
    first, last = code.argmax(axis=2), 15 - code[..., ::-1].argmax(axis=2)
    frames = np.clip(np.arange(16), first[..., None], last[..., None])
    # Outside of its samples, a pixel stays at the value of the next one.
    np.testing.assert_allclose(result, level[..., None] + slope[..., None] * frames, rtol=1e-6)


def test_normalised_average_is_the_weighted_mean_of_the_samples():
    rng = np.random.default_rng(4)
    video, certain = rng.random((6, 5, 7)), rng.random((6, 5, 7)) < 0.4
    result = CONVOLUTION.averaged(video, certain, 0.7, 1.4)
    squares = [(np.arange(size) - at) ** 2 for size, at in zip(video.shape, (2, 3, 4), strict=True)]
    rows, columns, frames = np.ix_(*squares)
    near = (rows <= 9) & (columns <= 9) & (frames <= 36)  # within four standard deviations, rounded
    weights = certain * near * np.exp(-(rows + columns) / (2 * 0.7**2) - frames / (2 * 1.4**2))
    assert result[2, 3, 4] == pytest.approx((weights * video).sum() / weights.sum())
    # Where no window reaches a sample, the mean of all samples stands in.
    one = np.zeros((30, 3, 3), dtype=bool)
    one[0] = True
    far = CONVOLUTION.averaged(np.full((30, 3, 3), 0.3), one, 0.5, 0.5)
    np.testing.assert_allclose(far, 0.3)


def test_samples_near_in_space_and_time_tell_more_than_those_of_the_pixel_alone():
    clean = moving_disc(24, 24, 16)
    operator = CodedExposure(random_code(clean.shape, 4, seed=3), 4)
    observed = operator(clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape))
    errors = [
        np.mean((solve(method, observed, operator).signal - clean) ** 2) for method in (CONVOLUTION, INTERPOLATION)
    ]
    assert errors[0] < 0.9 * errors[1]
    assert errors[0] < 0.15 * np.var(clean)


def test_weights_of_the_code_are_divided_out():
    code = 2.5 * random_code((5, 4, 8), 4, seed=2)
    operator = CodedExposure(code, 4)
    samples, sampled = samples_of(operator(np.full(code.shape, 0.4)), operator)
    np.testing.assert_allclose(samples, 0.4 * sampled, rtol=1e-6)


def test_pixel_without_samples_takes_the_mean_of_its_neighbours():
    video = np.full((9, 9, 3), 0.3)
    known = np.ones((9, 9), dtype=bool)
    known[4, 4] = False
    video[4, 4] = 0
    np.testing.assert_allclose(INTERPOLATION.blurred(video, known, 0.7), 0.3)
    # With no blur there is no neighbour, and the mean of all stands in.
    np.testing.assert_allclose(INTERPOLATION.blurred(video, known, 0.0), 0.3)


def test_blur_of_one_pixel_is_a_gaussian_of_its_width():
    video = np.zeros((21, 21, 2))
    video[10, 10, 0] = 1
    result = INTERPOLATION.blurred(video, np.ones((21, 21), dtype=bool), 1.4)
    rows = np.arange(21) - 10
    assert np.sum(result[..., 0] * rows[:, None] ** 2) == pytest.approx(1.4**2, rel=0.02)
    np.testing.assert_array_equal(result[..., 1], 0)


def test_blur_that_held_out_measurements_choose_grows_with_the_noise():
    clean = moving_disc(32, 30, 16)
    operator = CodedExposure(random_code(clean.shape, 4, seed=3), 4)
    noise = np.random.default_rng(4).standard_normal(operator.measured)
    results = [solve(INTERPOLATION, operator(clean) + sigma * noise, operator).signal for sigma in (0.0, 0.5)]
    roughness = [np.abs(np.diff(result, axis=0)).mean() for result in results]
    assert np.mean((results[0] - clean) ** 2) < 0.1 * np.var(clean)
    assert np.mean((results[1] - clean) ** 2) < 0.2 * 0.5**2
    assert roughness[1] < 3 * roughness[0]


def test_code_with_several_open_frames_is_skipped():
    operator = CodedExposure(np.ones((5, 4, 8)), 4)
    with pytest.raises(Skipped, match="up to 4 frames"):
        solve(INTERPOLATION, np.ones(operator.measured), operator)


@pytest.mark.parametrize("openings", [1, 4])
def test_gap_tv_recovers_a_moving_disc(openings):
    clean = moving_disc(32, 30, 8)
    code = random_code(clean.shape, 8, seed=5)
    if openings > 1:
        code = np.random.default_rng(6).random(clean.shape) < 0.5
    operator = CodedExposure(code, 8 if openings == 1 else 4)
    result = solve(GAP_TV, operator(clean), operator).signal
    assert np.mean((result - clean) ** 2) < 0.2 * np.var(clean)


def test_gap_tv_without_smoothing_meets_the_measurements():
    clean = moving_disc(16, 15, 8)
    operator = CodedExposure(np.random.default_rng(7).random(clean.shape) < 0.5, 4)
    observed = operator(clean)
    result = solve(GAP_TV, observed, operator, weight=1e-9, iterations=1)
    np.testing.assert_allclose(operator(result.signal), observed, atol=1e-6)
    assert result.iterations == 1


def test_published_objective_by_hand():
    array = torch.tensor([[9.0, 9.0, 9.0], [9.0, 1.0, 3.0], [9.0, 2.0, 7.0]])
    # Along the last axis 8, 2, 7, 5; along the one before 8, 6, 1, 4: the first row and column are only subtracted.
    expected = (1 + 4) / 2 + 0.5 * ((8 + 2 + 7 + 5) / 4 + (8 + 6 + 1 + 4) / 4)
    assert PUBLISHED.objective(torch.tensor([1.0, -2.0]), array, 0.5).item() == pytest.approx(expected)


def test_published_differences_of_a_video_are_those_of_flattened_pixels_and_time():
    operator = CodedExposure(random_code((4, 3, 8), 4, seed=8), 4)
    estimate = solve(PUBLISHED, operator(np.ones(operator.shape)), operator, iterations=1)
    matrix = estimate.signal.reshape(12, 8)
    variation = np.abs(np.diff(matrix, axis=1)[1:]).mean() + np.abs(np.diff(matrix, axis=0)[:, 1:]).mean()
    misfit = np.mean((operator(estimate.signal) - operator(np.ones(operator.shape))) ** 2)
    assert estimate.trace[0].loss == pytest.approx(misfit + 0.01 * variation, rel=1e-5)
    assert 0 < estimate.signal.min() < estimate.signal.max() < 0.1


def test_published_differences_of_a_volume_leave_the_rows_out():
    operator = Radon((7, 6, 5), [0, 45, 90])
    estimate = solve(PUBLISHED, np.zeros(operator.measured), operator, iterations=1)
    signal = estimate.signal.astype(float)
    variation = np.abs(np.diff(signal, axis=1)[..., 1:]).mean() + np.abs(np.diff(signal, axis=2)[:, 1:]).mean()
    misfit = np.mean(operator(signal) ** 2)
    assert estimate.trace[0].loss == pytest.approx(misfit + variation, rel=1e-5)


def test_published_objective_of_a_single_slice_is_its_misfit():
    assert PUBLISHED.objective(torch.tensor([1.0, -2.0]), torch.rand(7, 6, 1), 0.5).item() == 2.5


@pytest.mark.parametrize("decompose", [False, True])
def test_published_tv_fits_projections_and_keeps_a_trace(decompose):
    clean = moving_disc(15, 14, 6)
    operator = Radon(clean.shape, np.arange(0, 180, 10))
    estimate = solve(PUBLISHED, operator(clean), operator, rank=40, decompose=decompose, weight=0.1)
    result = compose(estimate.answer)
    assert result.shape == clean.shape
    assert np.mean((result - clean) ** 2) < 0.3 * np.var(clean)
    assert estimate.trace[0].iteration == 1
    assert estimate.trace[-1].iteration == estimate.iterations == 100
    assert 20 < len(estimate.trace) <= 30
    assert estimate.trace[-1].loss < 0.01 * estimate.trace[0].loss
    np.testing.assert_allclose(compose(estimate.trace[-1].last), result, atol=0.01)
