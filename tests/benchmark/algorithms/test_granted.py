from collections.abc import Callable

import numpy as np
import pytest

from benchmark.algorithms.granted import noise_of, rank_of, sigma_of
from benchmark.contract import Problem, Skipped
from benchmark.noise import BandGaussian, Poisson

OBSERVED = np.array([[0.1, 0.3], [0.5, 0.7]])


def test_what_is_told_is_returned():
    noise = Poisson(photons=100, readout=2)
    problem = Problem(OBSERVED, rank=3, noise=noise)
    assert rank_of("svd", problem) == 3
    assert noise_of("nlm", problem) is noise


def test_sigma_is_the_root_of_the_mean_variance():
    noise = Poisson(photons=100, readout=2)
    expected = np.sqrt(noise.variance(OBSERVED).mean())
    assert sigma_of("nlm", Problem(OBSERVED, noise=noise)) == pytest.approx(expected, rel=1e-12)


def test_sigma_is_that_of_the_bands_that_were_drawn_and_not_of_all_that_could_be():
    noise = BandGaussian(0.1, 0.3, seed=1)
    clean = np.full((200, 200, 4), 0.5)
    observed = noise.sample(clean, np.random.default_rng(0))
    sigma = sigma_of("svt_sure", Problem(observed, noise=noise))
    assert sigma == pytest.approx(np.std(observed - clean), rel=0.01)
    assert abs(sigma**2 / (0.13 / 3) - 1) > 0.05  # the mean variance of the law


@pytest.mark.parametrize(("ask", "what"), [(rank_of, "rank"), (noise_of, "noise level"), (sigma_of, "noise level")])
def test_what_is_not_told_is_a_reason_to_skip(ask: Callable, what: str):
    with pytest.raises(Skipped, match=f"some_method needs the {what}"):
        ask("some_method", Problem(OBSERVED))
