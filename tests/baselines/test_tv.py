from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.total_variation import total_variation
from benchmark.contract import Problem, Skipped
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise, SaltAndPepper
from deeptensor.operators import CodedExposure, Operator, Radon, random_code

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "tv.py")


def solve(observed: np.ndarray, noise: Noise | None, operator: Operator | None = None, **params) -> np.ndarray:
    problem = Problem(observed=observed, rank=1, noise=noise, operator=operator)
    return METHOD.solve(problem, seed=0, device="cpu", **params).signal


def squares(*shape: int) -> np.ndarray:
    """Return a stack H x W x N, with a brighter square in each image that moves from one to the next."""
    stack = np.full(shape, 0.2)
    for image in range(shape[2]):
        stack[shape[0] // 4 : -shape[0] // 4, image + 2 : image + 2 + shape[1] // 2, image] = 0.8
    return stack


def error(estimate: np.ndarray, clean: np.ndarray) -> float:
    return float(np.mean((estimate - clean) ** 2))


def test_noise_of_flat_regions_falls_to_a_tenth():
    clean = squares(40, 40, 2)
    observed = clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape)
    assert error(solve(observed, Gaussian(0.1)), clean) < 0.1 * 0.1**2


def test_more_noise_is_smoothed_more():
    clean, rng = squares(40, 40, 2), np.random.default_rng(1)
    noise = rng.standard_normal(clean.shape)
    removed = [
        1
        - total_variation(solve(clean + sigma * noise, Gaussian(sigma)), range(2))
        / total_variation(clean + sigma * noise, range(2))
        for sigma in (0.01, 0.2)
    ]
    assert 0.2 < removed[0] < removed[1]


def test_third_dimension_helps_where_the_images_are_alike():
    clean = np.repeat(squares(24, 24, 1), 8, axis=2)
    observed = clean + 0.2 * np.random.default_rng(2).standard_normal(clean.shape)
    assert error(solve(observed, None, dimensions=3), clean) < 0.6 * error(solve(observed, None), clean)


def test_outliers_are_replaced_and_the_other_entries_kept_exactly():
    clean = squares(24, 24, 2)
    observed = SaltAndPepper(0.4).sample(clean, np.random.default_rng(3))
    result = solve(observed, SaltAndPepper(0.4))
    spared = observed == clean
    np.testing.assert_array_equal(result[spared], clean[spared].astype(np.float32))
    # A few pixels of the squares' borders are anyone's guess.
    assert np.mean(np.abs(result - clean)[~spared] < 0.01) > 0.8


def test_observation_of_outliers_alone_is_skipped():
    with pytest.raises(Skipped, match="0 or 1"):
        solve(np.ones((5, 5)), SaltAndPepper(0.3))


def test_phantom_is_recovered_from_few_projections():
    rows, columns = np.mgrid[-1:1:31j, -1:1:31j]
    clean = (np.hypot(rows, columns) < 0.8) * 0.5 + (np.hypot(rows - 0.2, columns) < 0.3) * 0.5
    operator = Radon((31, 31, 1), np.arange(0, 180, 15))
    noisy = operator(clean[..., None]) + 0.05 * np.random.default_rng(4).standard_normal(operator.measured)
    result = solve(noisy, Gaussian(0.05), operator)
    assert result.min() >= 0
    assert error(result[..., 0], clean) < 0.02 * np.var(clean)


def test_video_is_recovered_from_coded_frames():
    clean = np.repeat(squares(24, 24, 1), 8, axis=2)
    operator = CodedExposure(random_code(clean.shape, 4, seed=0), 4)
    result = solve(operator(clean), Gaussian(0.01), operator, dimensions=3)
    # Seven of eight entries are guessed from their neighbours.
    assert error(result, clean) < 0.05 * np.var(clean)
