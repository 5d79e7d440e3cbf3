"""DeepTensor's adapters: cubes and matrices, CP tensors, covariances, bases and non-negative factors."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.factor_networks import factors_of, stopping_rule
from benchmark.contract import Estimate, Problem, compose
from benchmark.covariance import leading_eigenpairs, sample_covariance
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Poisson, SaltAndPepper
from deeptensor import Decomposition
from deeptensor.operators import CodedExposure, Radon, random_code

BASELINES = Path(__file__).parents[2] / "baselines"
SMALL = {"channels": 8, "scales": 1, "learning_rate": 0.02}


def posed(observed: np.ndarray, rank: int, **facts) -> Problem:
    return Problem(observed=observed, rank=rank, **facts)


def solve(name: str, problem: Problem, seed: int = 0, **params) -> Estimate:
    return load_module(BASELINES / f"{name}.py").solve(problem, seed=seed, device="cpu", **params)


def smooth_factors(rank: int, *sizes: int) -> list[np.ndarray]:
    """Return factors n x rank of sines, positive and at most 1."""
    waves = np.arange(1, rank + 1)
    return [0.5 + 0.5 * np.sin(np.linspace(0, 3, size)[:, None] * waves + waves) for size in sizes]


def relative_error(result: np.ndarray, expected: np.ndarray) -> float:
    return float(np.sum((result - expected) ** 2) / np.sum(expected**2))


def smooth_samples(n: int, p: int) -> np.ndarray:
    """Return n x p samples of zero mean with two smooth components and white noise."""
    rng, position = np.random.default_rng(3), np.linspace(0, np.pi, p)
    patterns = np.stack([np.sin(position), 0.5 * np.cos(2 * position)])
    return rng.standard_normal((n, 2)) @ patterns + 0.1 * rng.standard_normal((n, p))


def test_problems_side_by_side_have_the_answers_of_each_alone():
    rng = np.random.default_rng(0)
    problems = [posed(rng.random((12, 10)), 2) for _ in range(3)]
    settings = {"iterations": 15, "channels": 8, "scales": 2}
    module = load_module(BASELINES / "deeptensor_cube.py")
    many = module.solve_many(problems, seeds=[5, 6, 7], device="cpu", **settings)
    for problem, seed, estimate in zip(problems, (5, 6, 7), many, strict=True):
        alone = solve("deeptensor_cube", problem, seed, **settings)
        # Products of stacked matrices are summed in another order; Adam makes of that a ten-thousandth in 15 steps.
        np.testing.assert_allclose(compose(estimate.factors), compose(alone.factors), atol=1e-4)
        assert [snapshot.iteration for snapshot in estimate.trace] == [s.iteration for s in alone.trace]
    assert np.abs(compose(many[0].factors) - compose(many[1].factors)).max() > 1e-2


def test_only_like_problems_are_solved_side_by_side():
    module, image = load_module(BASELINES / "deeptensor_cube.py"), np.ones((8, 8))
    coded = posed(image, 1, operator=CodedExposure(np.ones((8, 8)), 1))
    for problems in ([posed(image, 1), posed(image, 2)], [coded, coded]):
        with pytest.raises(ValueError, match="solve each alone"):
            module.solve_many(problems, seeds=[0, 1], device="cpu", iterations=1)
    with pytest.raises(TypeError, match="epochs"):
        module.solve_many([posed(image, 1)], seeds=[0], device="cpu", epochs=1)


def test_video_is_recovered_from_coded_frames():
    rows, columns, time = smooth_factors(2, 15, 14, 8)
    video = np.einsum("ir,jr,tr->ijt", rows, columns, time)
    code = CodedExposure(random_code(video.shape, 4, seed=1), 4)
    problem = posed(code(video), 2, operator=code)
    result = compose(solve("deeptensor_cube", problem, iterations=100, **SMALL).factors)
    assert relative_error(code(result), code(video)) < 0.01
    assert relative_error(result, video) < 0.02  # a quarter of the entries are seen


def test_cp_fits_a_tensor_of_its_rank():
    tensor = np.einsum("ir,jr,kr->ijk", *smooth_factors(2, 13, 9, 11))
    factors = solve("deeptensor_cp", posed(tensor, 2), iterations=120, perturbation=0.0, **SMALL).factors
    assert [factor.shape for factor in factors] == [(13, 2), (9, 2), (11, 2)]
    assert relative_error(compose(factors), tensor) < 0.001


@pytest.mark.parametrize("settings", [{}, {"input": "positional", "weights": True}], ids=["random", "positional"])
def test_cp_recovers_slices_through_the_projections(settings):
    rows, columns = np.linspace(-1, 1, 15), np.linspace(-1, 1, 14)
    slices = np.einsum("i,j,k->ijk", np.exp(-4 * rows**2), np.exp(-6 * (columns + 0.2) ** 2), [0.4, 0.7, 1.0])
    radon = Radon(slices.shape, np.linspace(0, 180, 9, endpoint=False))
    problem = posed(radon(slices), 4, operator=radon)
    result = compose(solve("deeptensor_cp", problem, iterations=100, **SMALL, **settings).factors)
    assert relative_error(radon(result), radon(slices)) < 0.01
    assert relative_error(result, slices) < 0.05


@pytest.mark.parametrize("name", ["deeptensor_cp", "deeptensor_cube"])
def test_magnitudes_are_robuster_to_outliers_than_squares(name):
    stack = np.einsum("ir,jr,kr->ijk", *smooth_factors(1, 16, 15, 10))
    noise = SaltAndPepper(0.3)
    problem = posed(noise.sample(stack, np.random.default_rng(4)), 1, noise=noise)
    errors = [
        relative_error(compose(solve(name, problem, iterations=60, loss=loss, **SMALL).factors), stack)
        for loss in ("l1", "l2")
    ]
    assert errors[0] < 0.5 * errors[1]


def test_weights_are_folded_into_the_first_factor():
    rng = np.random.default_rng(5)
    decomposition = Decomposition(tuple(rng.random((size, 3)) for size in (4, 5, 6)), rng.random(3))
    np.testing.assert_allclose(compose(factors_of(decomposition)), decomposition.reconstruct(), rtol=1e-5)


@pytest.mark.parametrize("name", ["deeptensor_cp", "deeptensor_cube"])
def test_discrepancy_ends_the_fit_at_the_noise_level(name):
    clean = np.einsum("ir,jr->ij", *smooth_factors(2, 32, 30))
    noise = Gaussian(0.1)
    problem = posed(noise.sample(clean, np.random.default_rng(6)), 8, noise=noise)
    estimate = solve(name, problem, stopping="discrepancy", iterations=400, perturbation=0.0, **SMALL)
    assert estimate.iterations < 400
    # One step before, the residual was above the level, and a step takes off a few hundredths.
    assert np.mean((compose(estimate.factors) - problem.observed) ** 2) == pytest.approx(0.01, rel=0.05)


def test_each_problem_is_given_the_mean_variance_of_its_noise():
    noise = Poisson(photons=100, readout=2)
    problems = [posed(np.full((2, 3), level), 1, noise=noise) for level in (0.0, 1.0)]
    variance = stopping_rule("discrepancy", problems).variance
    np.testing.assert_allclose(variance, np.multiply.outer([0.0004, 0.0104], np.ones((2, 3))))


@pytest.mark.parametrize("noise", [None, SaltAndPepper(0.3)])
def test_discrepancy_without_a_noise_level_is_an_error(noise):
    with pytest.raises(ValueError, match="needs the variance of the noise"):
        stopping_rule("discrepancy", [posed(np.ones((3, 3)), 1, noise=noise)])


def test_covariance_is_positive_semidefinite_and_of_the_rank():
    covariance = compose(
        solve("deeptensor_symmetric", posed(smooth_samples(40, 17), 3), iterations=60, **SMALL).factors
    )
    np.testing.assert_array_equal(covariance, covariance.T)
    values = np.linalg.eigvalsh(covariance.astype(float))
    assert values[-3] > 1e-3 * values[-1]
    np.testing.assert_allclose(values[:-3], 0, atol=1e-6 * values[-1])


@pytest.mark.parametrize("centre", ["features", "samples"])
def test_covariance_fits_that_of_the_samples(centre):
    samples = smooth_samples(40, 17)
    problem = posed(samples, 2)
    result = compose(solve("deeptensor_symmetric", problem, iterations=200, centre=centre, **SMALL).factors)
    # The white noise, of which a model of rank 2 has little, is a hundredth of the energy.
    assert relative_error(result, sample_covariance(samples, centre)) < 0.02


def test_covariance_is_quadratic_in_the_samples():
    samples = smooth_samples(20, 9)
    once, twice = (
        compose(solve("deeptensor_symmetric", posed(values, 2), iterations=10, **SMALL).factors)
        for values in (samples, 2 * samples)
    )
    np.testing.assert_allclose(twice, 4 * once, rtol=1e-5)


@pytest.mark.parametrize("shape", [(9, 8), (31,)], ids=str)
def test_basis_is_orthonormal_and_holds_the_energy_of_the_samples(shape):
    samples = smooth_samples(50, int(np.prod(shape)))
    basis = solve("deeptensor_basis", posed(samples.reshape(50, *shape), 2), iterations=200, **SMALL).signal
    assert basis.shape == (2, *shape)
    rows = basis.reshape(2, -1)
    np.testing.assert_allclose(rows @ rows.T, np.eye(2), atol=1e-6)
    covariance = sample_covariance(samples)
    most = leading_eigenpairs(covariance, 2)[0].sum()
    assert np.trace(rows @ covariance @ rows.T) > 0.97 * most


@pytest.mark.parametrize("activation", ["relu", "abs", "softplus"])
def test_factors_are_not_negative_and_fit_the_data(activation):
    data = smooth_factors(2, 24)[0] @ smooth_factors(2, 21)[0].T
    params = {"iterations": 300, "channels": 16, "l1_penalty": 0.0, "l2_penalty": 0.0, "activation": activation}
    factors = solve("deeptensor_nmf", posed(data.reshape(24, 7, 3), 8), **params).factors
    assert [factor.shape for factor in factors] == [(24, 8), (7, 3, 8)]
    assert all(factor.min() >= 0 for factor in factors)
    assert relative_error(compose(factors).reshape(24, 21), data) < 0.02


@pytest.mark.parametrize(("nonnegative", "side"), [("samples", 0), ("pixels", 1)])
def test_semi_nmf_has_one_factor_of_either_sign(nonnegative, side):
    positive, free = smooth_factors(2, 24)[0], smooth_factors(2, 21)[0] - 0.5
    data = positive @ free.T if side == 0 else free @ positive.T
    params = {"iterations": 200, "channels": 16, "l1_penalty": 0.0, "activation": "abs"}
    factors = solve("deeptensor_nmf", posed(data, 2), nonnegative=nonnegative, **params).factors
    assert factors[side].min() >= 0
    assert factors[1 - side].min() < -0.1 * np.abs(factors[1 - side]).max()
    assert relative_error(compose(factors), data) < 0.1


def test_penalty_of_magnitudes_makes_the_factors_smaller():
    data = smooth_factors(2, 24)[0] @ smooth_factors(2, 21)[0].T
    sizes = []
    for penalty in (0.0, 0.3):
        params = {"iterations": 150, "channels": 16, "activation": "abs", "l1_penalty": penalty}
        factors = solve("deeptensor_nmf", posed(data, 4), **params).factors
        sizes.append(sum(factor.mean() for factor in factors))
    assert 0 < sizes[1] < 0.9 * sizes[0]
