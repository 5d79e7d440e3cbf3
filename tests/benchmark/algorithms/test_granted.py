from collections.abc import Callable

import numpy as np
import pytest

from benchmark.algorithms.granted import noise_of, rank_of, sigma_of
from benchmark.contract import Problem, Skipped
from benchmark.noise import Poisson

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


@pytest.mark.parametrize(("ask", "what"), [(rank_of, "rank"), (noise_of, "noise level"), (sigma_of, "noise level")])
def test_what_is_not_told_is_a_reason_to_skip(ask: Callable, what: str):
    with pytest.raises(Skipped, match=f"some_method needs the {what}"):
        ask("some_method", Problem(OBSERVED))
