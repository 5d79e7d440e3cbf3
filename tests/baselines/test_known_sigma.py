"""Denoisers of single images at a known standard deviation: nlm and wavelet, and what each of them is told of it."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Noise, Poisson

BASELINES = Path(__file__).parents[2] / "baselines"


@pytest.fixture(params=["nlm", "wavelet"])
def method(request: pytest.FixtureRequest) -> ModuleType:
    return load_module(BASELINES / f"{request.param}.py")


def solve(method: ModuleType, observed: np.ndarray, noise: Noise, **params) -> np.ndarray:
    return method.solve(Problem(observed, noise=noise), seed=0, device="cpu", **params).signal


def test_each_band_has_its_own_sigma(method):
    noise = Poisson(photons=100)
    observed = noise.sample(np.full((32, 32, 2), 1.0) * [0.04, 1.0], np.random.default_rng(2))
    result = solve(method, observed, noise)
    for band in range(2):
        sigma = np.sqrt(observed[..., band].mean() / 100)
        np.testing.assert_allclose(result[..., band], solve(method, observed[..., band], Gaussian(sigma)), rtol=1e-10)


def test_stabilising_helps_where_dark_and_bright_meet_in_an_image(method):
    noise = Poisson(photons=100)
    clean = np.broadcast_to(np.linspace(0.0, 1.0, 96) ** 3, (96, 96))
    observed = noise.sample(clean, np.random.default_rng(3))
    plain, stabilised = (
        np.mean((solve(method, observed, noise, variance=variance) - clean) ** 2)
        for variance in ("matched", "anscombe")
    )
    assert stabilised < 0.9 * plain < 0.5 * np.mean((observed - clean) ** 2)


def test_noise_that_no_transform_stabilises_is_an_error(method):
    with pytest.raises(ValueError, match="stabilises Poisson noise"):
        solve(method, np.ones((9, 9)), Gaussian(0.1), variance="anscombe")
