import numpy as np
import pytest
from skimage.restoration import denoise_tv_chambolle

from benchmark.algorithms.total_variation import (
    IDENTITY,
    divergence,
    gradient,
    minimise,
    scales_of,
    start,
    total_variation,
)
from deeptensor.operators import CodedExposure, Matrix, Radon, random_code

TIGHT = {"tolerance": 1e-10, "iterations": 10000}


def denoise(observed: np.ndarray, weight: float, axes: range, **settings) -> np.ndarray:
    everything = np.ones(observed.shape, dtype=bool)
    begin = start(observed, everything, axes, None)
    return minimise(observed, weight, axes, everything, begin, **{**TIGHT, **settings}).signal


@pytest.mark.parametrize(
    ("shape", "axes"), [((7, 5), (0, 1)), ((7, 5, 3), (0, 1)), ((7, 5, 4), (0, 1, 2)), ((1, 6), (0, 1))]
)
def test_divergence_is_minus_the_adjoint_of_the_gradient(shape, axes):
    rng = np.random.default_rng(0)
    signal, field = rng.standard_normal(shape), rng.standard_normal((len(axes), *shape))
    inner = np.sum(gradient(signal, axes) * field)
    assert abs(inner) > 0.1
    assert inner == pytest.approx(-np.sum(signal * divergence(field, axes)))


def test_total_variation_of_a_small_image_by_hand():
    # The differences are (3, 4) at one pixel, 5 long, then 3 down the right edge, and none elsewhere.
    image = np.array([[0.0, 4.0], [3.0, 3.0]])
    assert total_variation(image, (0, 1)) == pytest.approx(5 + 1)
    assert total_variation(np.dstack([image, image]), (0, 1)) == pytest.approx(12)
    assert total_variation(np.dstack([image, image + 2]), (0, 1, 2)) > 12


def test_step_in_one_dimension_moves_by_the_weight_over_its_lengths():
    observed = np.repeat([0.0, 1.0], [4, 6])[:, None]
    expected = np.repeat([0.2 / 4, 1 - 0.2 / 6], [4, 6])[:, None]
    np.testing.assert_allclose(denoise(observed, 0.2, range(1)), expected, atol=1e-7)


@pytest.mark.parametrize("weight", [0.05, 0.15])
def test_denoised_image_is_that_of_scikit_image(weight):
    observed = np.random.default_rng(1).random((13, 16))
    expected = denoise_tv_chambolle(observed, weight, eps=1e-12, max_num_iter=5000)
    # Chambolle's method comes this close.
    np.testing.assert_allclose(denoise(observed, weight, range(2)), expected, atol=2e-4)
    assert np.abs(expected - observed).max() > 0.1


def test_images_of_a_stack_are_denoised_each_alone():
    observed = np.random.default_rng(2).random((8, 9, 2))
    result = denoise(observed, 0.1, range(2))
    for image in range(2):
        np.testing.assert_allclose(result[..., image], denoise(observed[..., image], 0.1, range(2)), atol=1e-6)


def test_without_weight_the_observation_returns():
    observed = np.random.default_rng(3).random((8, 9, 2))
    np.testing.assert_array_equal(denoise(observed, 0.0, range(3)), observed)


def test_total_variation_falls_as_the_weight_grows_and_the_mean_stays():
    observed = np.random.default_rng(4).random((12, 11))
    results = [denoise(observed, weight, range(2), tolerance=1e-7) for weight in (0.0, 0.02, 0.1, 0.3)]
    variations = [total_variation(result, range(2)) for result in results]
    assert variations == sorted(variations, reverse=True)
    assert variations[-1] < 0.1 * variations[0]
    np.testing.assert_allclose([result.mean() for result in results], observed.mean(), rtol=1e-5)


def test_entries_that_are_not_kept_have_no_say():
    rng = np.random.default_rng(5)
    observed, axes = rng.random((8, 9)), range(2)
    kept = rng.random((8, 9)) > 0.3
    spoiled = np.where(kept, observed, 100.0)
    one, other = (
        minimise(y, 0.05, axes, kept, start(y, kept, axes, None), **TIGHT).signal for y in (observed, spoiled)
    )
    np.testing.assert_allclose(one, other, atol=1e-7)


def test_exact_entries_are_met_and_gaps_of_a_flat_region_are_filled():
    image = np.repeat([[0.2, 0.8]], [5, 5], axis=1) * np.ones((9, 1))
    kept = np.random.default_rng(6).random((9, 10)) > 0.4
    begin = start(image, kept, range(2), None)
    result = minimise(image, 0.1, range(2), kept, begin, exact=True, **TIGHT).signal
    np.testing.assert_allclose(result[kept], image[kept], atol=1e-6)
    assert total_variation(result, range(2)) <= total_variation(image, range(2)) + 1e-6
    np.testing.assert_allclose(result[:, [0, 1, 8, 9]], image[:, [0, 1, 8, 9]], atol=1e-5)


def test_result_through_an_operator_is_optimal():
    rng = np.random.default_rng(7)
    operator = Matrix(rng.standard_normal((20, 30)), (6, 5))
    observed, axes = operator(rng.random((6, 5))), range(2)
    kept = np.arange(20) < 17
    begin = start(observed, kept, axes, operator)
    found = minimise(
        observed, 0.3, axes, kept, begin, operator=operator, scales=scales_of(operator), non_negative=True, **TIGHT
    )

    def objective(signal: np.ndarray) -> float:
        return 0.5 * np.sum((kept * (operator(signal) - observed)) ** 2) + 0.3 * total_variation(signal, axes)

    assert found.signal.min() >= 0
    least = objective(found.signal)
    for size in (1e-3, 1e-2, 0.1):
        for _ in range(20):
            # A convex function's minimum over the feasible set is no higher anywhere near.
            other = np.maximum(found.signal + size * rng.standard_normal((6, 5)), 0)
            assert objective(other) >= least - 1e-8
    assert objective(begin.signal) > 1.1 * least


@pytest.mark.parametrize(
    "operator",
    [
        Matrix(np.random.default_rng(8).standard_normal((90, 30)), (6, 5)),
        Radon((9, 9, 8), [0, 30, 90, 120]),
        CodedExposure(random_code((5, 4, 6), 3, seed=0), 3),
    ],
)
def test_scales_are_those_of_the_dense_matrix(operator):
    size = int(np.prod(operator.shape))
    columns = operator(np.eye(size).reshape(size, *operator.shape)).reshape(size, -1)
    scales = scales_of(operator)
    # One random vector estimates the mean over columns this few no better.
    assert scales.column_energy == pytest.approx(np.mean(np.sum(columns**2, axis=1)), rel=0.3)
    # The step sizes leave room for 5 %.
    assert 1 / 1.05 <= scales.squared_norm / np.linalg.norm(columns, 2) ** 2 <= 1 + 1e-6


def test_scales_of_the_identity_are_one():
    assert scales_of(None) == IDENTITY == (1.0, 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_of_the_observation_is_kept(dtype):
    observed = np.random.default_rng(9).random((6, 7)).astype(dtype)
    assert denoise(observed, 0.1, range(2), tolerance=1e-4).dtype == dtype
