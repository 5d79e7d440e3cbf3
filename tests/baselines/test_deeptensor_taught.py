"""DeepTensor taught by the noise as a method: the model it makes of what a problem grants, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest

from benchmark import noise
from benchmark.contract import Problem, Skipped
from benchmark.loading import load_module
from deeptensor.noise import Gaussian, Poisson

BASELINES = Path(__file__).parents[2] / "baselines"
METHOD = load_module(BASELINES / "deeptensor_taught.py")
QUICK = {"iterations": 60, "channels": 8, "scales": 1, "refinements": 1}


def problem(observed: np.ndarray, model: noise.Noise | None) -> Problem:
    return Problem(observed=observed, rank=None, data_range=1.0, noise=model)


def test_the_model_is_the_one_that_the_problem_grants():
    observed = np.zeros((8, 8, 3))
    photons = METHOD.model_of(problem(observed, noise.Poisson(100, 2)))
    assert (photons.photons, photons.readout) == (100, 2)
    assert isinstance(photons, Poisson)
    assert METHOD.model_of(problem(observed, noise.Gaussian(0.2))).sigma == 0.2
    bands = noise.BandGaussian(0.1, 0.3)
    granted = METHOD.model_of(problem(observed, bands))
    assert isinstance(granted, Gaussian)
    np.testing.assert_array_equal(granted.sigma, bands.sigmas(3))


@pytest.mark.parametrize("model", [None, noise.Skewed(0.3, 0.3)])
def test_without_a_variance_it_is_skipped(model):
    with pytest.raises(Skipped, match="needs the"):
        METHOD.solve(problem(np.zeros((8, 8, 3)), model), seed=0, device="cpu")


def test_white_and_black_parts_are_no_outliers():
    rows, columns = np.mgrid[:48, :40]
    clean = 0.5 + 0.3 * np.sin(rows / 6) * np.cos(columns / 5)
    clean[:20, :24], clean[30:, 22:] = 1, 0
    model = noise.SaltAndPepper(0.3)
    observed = model.sample(clean, np.random.default_rng(0))
    found = METHOD.solve(problem(observed, model), seed=0, device="cpu", **QUICK).signal
    np.testing.assert_allclose(found[4:16, 4:20], 1, atol=0.02)
    np.testing.assert_allclose(found[34:44, 26:36], 0, atol=0.02)
    averages = load_module(BASELINES / "normalised_convolution.py").filled(observed, 1.0)
    assert np.mean((found - clean) ** 2) < np.mean((averages - clean) ** 2)


def test_a_rank_that_a_protocol_tells_is_not_used():
    rng = np.random.default_rng(0)
    observed = rng.standard_normal((12, 12, 4))
    ranks = [Problem(observed=observed, rank=rank, data_range=1.0, noise=noise.Gaussian(1.0)) for rank in (1, 4)]
    first, second = (METHOD.solve(ranked, seed=0, device="cpu", **QUICK).factors[0] for ranked in ranks)
    np.testing.assert_array_equal(first, second)
