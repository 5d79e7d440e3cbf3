"""DeepTensor taught by the noise as a method: the model it makes of what a problem grants, and what it refuses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark import noise
from benchmark.algorithms.total_variation import minimise, scales_of, start
from benchmark.algorithms.variation_paths import WEIGHTS as VARIATION_WEIGHTS
from benchmark.algorithms.variation_paths import variation_path
from benchmark.contract import Problem, Skipped
from benchmark.loading import load_module
from deeptensor.noise import Gaussian, Poisson
from deeptensor.operators import Radon

BASELINES = Path(__file__).parents[2] / "baselines"
METHOD, TV = (load_module(BASELINES / f"{name}.py") for name in ("deeptensor_taught", "tv"))
QUICK = {"iterations": 60, "channels": 8, "scales": 1, "refinements": 1}


def problem(observed: np.ndarray, model: noise.Noise | None) -> Problem:
    return Problem(observed=observed, rank=None, noise=model)


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
    ranks = [Problem(observed=observed, rank=rank, noise=noise.Gaussian(1.0)) for rank in (1, 4)]
    first, second = (METHOD.solve(ranked, seed=0, device="cpu", **QUICK).factors[0] for ranked in ranks)
    np.testing.assert_array_equal(first, second)


def phantom() -> np.ndarray:
    """Return slices of a body with a hole that moves."""
    rows, columns = np.mgrid[:32, :32]
    holes = [np.hypot(rows - 12, columns - 14 - number) < 4 for number in range(3)]
    return np.stack([(np.hypot(rows - 15, columns - 16) < 12) * 0.8 - 0.5 * hole for hole in holes], axis=-1)


def scanned(angles: int, model: noise.Noise) -> Problem:
    operator = Radon((32, 32, 3), np.linspace(0, 180, angles, endpoint=False))
    observed = model.sample(operator(phantom()).clip(0), np.random.default_rng(0))
    return Problem(observed=observed.astype(np.float32), noise=model, operator=operator)


def error(estimate: np.ndarray) -> float:
    return np.mean((estimate - phantom()) ** 2)


def test_many_exact_projections_give_the_volume_back():
    found = METHOD.solve(scanned(60, noise.Gaussian(1e-4)), seed=0, device="cpu", **QUICK).signal
    assert error(found) < 1e-3 * phantom().var()


def test_of_few_noisy_projections_it_makes_more_than_total_variation_does():
    posed = scanned(24, noise.Poisson(200, 2))
    found = METHOD.solve(posed, seed=0, device="cpu", **QUICK | {"iterations": 200})
    assert error(found.signal) < error(TV.solve(posed, seed=0, device="cpu", dimensions=3).signal)
    assert found.signal.min() == 0
    assert found.iterations == 200


def test_noise_that_all_projections_share_is_refused():
    posed = scanned(24, noise.Poisson(1000, 2))
    with pytest.raises(Skipped, match="needs the noise of each projection to be its own"):
        METHOD.solve(replace(posed, noise=None), seed=0, device="cpu", **QUICK)


def test_a_path_starts_at_the_weight_by_which_the_hidden_measurements_are_predicted_best():
    posed = scanned(16, noise.Poisson(200, 2))
    observed, operator, axes = posed.observed, posed.operator, range(3)
    hidden = np.zeros(observed.shape, dtype=bool)
    hidden[::4] = True
    scales, volumes = scales_of(operator), []
    for weight in VARIATION_WEIGHTS:
        weight *= scales.column_energy * 0.75
        state = start(observed, ~hidden, axes, operator)
        settings = {"operator": operator, "scales": scales, "non_negative": True}
        volumes.append(minimise(observed, weight, axes, ~hidden, state, **settings).signal)
    best = min(volumes, key=lambda volume: np.mean((operator(volume) - observed)[hidden] ** 2))
    found = variation_path(observed, operator, hidden)(~hidden)
    np.testing.assert_allclose(found[0], best, atol=1e-4)
    assert error(found[1]) != error(found[0])
