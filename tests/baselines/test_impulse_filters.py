from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import median_filter

from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.noise import SaltAndPepper

BASELINES = Path(__file__).parents[2] / "baselines"


def solve(name: str, observed: np.ndarray, **params) -> np.ndarray:
    problem = Problem(observed=observed, rank=1, noise=SaltAndPepper(0.3))
    return load_module(BASELINES / f"{name}.py").solve(problem, seed=0, device="cpu", **params).signal


def smooth_stack() -> np.ndarray:
    x, y, n = np.ogrid[0:1:40j, 0:1:30j, 0:1:4j]
    return 0.5 + 0.3 * np.sin(5 * x + 3 * n) * np.cos(4 * y)


def error(estimate: np.ndarray, clean: np.ndarray) -> float:
    return float(np.mean((estimate - clean) ** 2))


def test_each_image_is_filtered_by_its_own_median():
    observed = np.random.default_rng(0).random((20, 15, 3))
    expected = np.stack([median_filter(observed[..., n], size=5) for n in range(3)], axis=2)
    np.testing.assert_array_equal(solve("median", observed, size=5), expected)


@pytest.mark.parametrize(("name", "parameter"), [("median", "size"), ("normalised_convolution", "sigma")])
@pytest.mark.parametrize("density", [0.2, 0.6])
def test_choice_at_hidden_entries_comes_close_to_the_best_in_truth(name, parameter, density):
    clean = smooth_stack()
    observed = SaltAndPepper(density).sample(clean, np.random.default_rng(1))
    method = load_module(BASELINES / f"{name}.py")
    candidates = method.SIZES if name == "median" else method.SIGMAS
    errors = [error(solve(name, observed, **{parameter: value}), clean) for value in candidates]
    assert error(solve(name, observed), clean) < 1.2 * min(errors) < 0.5 * max(errors)


def test_adaptive_median_keeps_intact_pixels_and_replaces_impulses():
    clean = smooth_stack()
    observed = SaltAndPepper(0.3).sample(clean, np.random.default_rng(2))
    result, intact = solve("adaptive_median", observed), observed == clean
    # Local extremes become medians, too: a few per cent of the pixels of a smooth image.
    assert np.mean(result[intact] == clean[intact]) > 0.9
    assert error(result[~intact], clean[~intact]) < 0.01 * error(observed[~intact], clean[~intact])


def test_adaptive_median_grows_its_window_until_the_median_is_no_impulse():
    image = np.full((7, 7), 1.0)
    image[[0, 0, 0, 2, 4, 6, 6], [0, 3, 6, 0, 6, 2, 4]] = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    image[1:6, 1:6] = [[0, 1, 0, 1, 0], [1, 0, 1, 0, 1], [0, 1, 0, 1, 0], [1, 0, 1, 0, 1], [0, 1, 0, 1, 0.25]]
    # Around the centre: 3 x 3 holds five of nine ones, 5 x 5 twelve ones and the median is that of 0, 0.25 and 1.
    assert solve("adaptive_median", image, largest=3)[3, 3] == 0.0
    assert solve("adaptive_median", image, largest=5)[3, 3] == 0.25


def test_normalised_convolution_of_a_constant_is_that_constant():
    constant = np.full((20, 20, 2), 0.6)
    observed = SaltAndPepper(0.5).sample(constant, np.random.default_rng(3))
    np.testing.assert_allclose(solve("normalised_convolution", observed, sigma=1.0), constant, rtol=1e-12)


def test_normalised_convolution_weighs_the_neighbours_by_the_gaussian():
    image = np.full((1, 9), 1.0)
    image[0, [3, 6]] = 0.2, 0.8
    near, far = np.exp(-1 / 2), np.exp(-4 / 2)
    expected = (0.2 * near + 0.8 * far) / (near + far)
    assert solve("normalised_convolution", image, sigma=1.0)[0, 4] == pytest.approx(expected, rel=1e-12)


def test_normalised_convolution_keeps_pixels_that_are_neither_0_nor_1():
    clean = smooth_stack()
    observed = SaltAndPepper(0.6).sample(clean, np.random.default_rng(4))
    result, intact = solve("normalised_convolution", observed), observed == clean
    np.testing.assert_array_equal(result[intact], clean[intact])
    assert error(result[~intact], clean[~intact]) < 1e-3


def test_black_part_of_an_image_stays_black():
    clean = np.full((40, 40), 0.5)
    clean[:, :20] = 0
    observed = SaltAndPepper(0.3).sample(clean, np.random.default_rng(5))
    # Beyond the reach of the grey half, four pixels at this width. There zeros are the majority, at odds of 85 to 15.
    assert np.mean(solve("normalised_convolution", observed, sigma=1.0)[:, :16] == 0) > 0.99
