"""Measurements by rows of an orthonormal transform of pixels in random order."""

import numpy as np
import pytest
import torch
from scipy.fft import dctn

from benchmark.operators import ScrambledDct, ScrambledHadamard
from deeptensor.operators import adjoint_mismatch

SHAPES = {ScrambledHadamard: (16, 32), ScrambledDct: (15, 22)}
every_kind = pytest.mark.parametrize("kind", SHAPES)


def made(kind, rate=0.2, seed=0):
    shape = SHAPES[kind]
    return kind(rate).build(kind(rate).draw(shape, np.random.default_rng(seed)), shape)


def matrix_of(operator):
    size = np.prod(operator.shape)
    return operator(np.eye(size).reshape(size, *operator.shape)).T


@every_kind
def test_adjoint_is_exact_and_rows_are_orthonormal(kind):
    operator = made(kind)
    assert adjoint_mismatch(operator) < 1e-12
    A = matrix_of(operator)
    assert A.shape == (*operator.measured, np.prod(operator.shape))
    np.testing.assert_allclose(A @ A.T, np.eye(len(A)), atol=1e-13)
    y = np.random.default_rng(1).standard_normal(operator.measured)
    np.testing.assert_allclose(operator.adjoint(y).ravel(), A.T @ y, atol=1e-13)


def test_columns_of_hadamard_measurements_have_one_norm():
    A = matrix_of(made(ScrambledHadamard))
    np.testing.assert_allclose(np.linalg.norm(A, axis=0), np.sqrt(len(A) / A.shape[1]), rtol=1e-12)


def test_coefficients_are_those_of_the_scrambled_image():
    shape = SHAPES[ScrambledDct]
    arrays = ScrambledDct(0.5).draw(shape, np.random.default_rng(2))
    image = np.random.default_rng(3).random(shape)
    expected = dctn(image.ravel()[arrays["order"]].reshape(shape), norm="ortho").ravel()[arrays["rows"]]
    np.testing.assert_allclose(ScrambledDct(0.5).build(arrays, shape)(image), expected, atol=1e-12)


@every_kind
def test_first_measurement_is_the_mean(kind):
    operator = made(kind)
    image = np.random.default_rng(4).random(operator.shape)
    assert operator(image)[0] == pytest.approx(image.mean() * np.sqrt(image.size))
    np.testing.assert_allclose(operator(np.ones(operator.shape))[1:], 0, atol=1e-12)


@every_kind
def test_rates_are_nested_and_seeds_differ(kind):
    few, many, other = made(kind, 0.1), made(kind, 0.3), made(kind, 0.1, seed=1)
    image = np.random.default_rng(5).random(few.shape)
    np.testing.assert_allclose(few(image), many(image)[: few.measured[0]], atol=1e-12)
    assert np.abs(few(image)[1:] - other(image)[1:]).max() > 0.1


@every_kind
def test_all_measurements_determine_the_image(kind):
    operator = made(kind, rate=1)
    image = np.random.default_rng(6).random(operator.shape)
    np.testing.assert_allclose(operator.adjoint(operator(image)), image, atol=1e-12)


@every_kind
def test_single_precision_and_gradients(kind):
    operator = made(kind)
    image = np.random.default_rng(7).random(operator.shape)
    np.testing.assert_allclose(operator(image.astype(np.float32)), operator(image), atol=1e-5)
    X = torch.from_numpy(image).requires_grad_()
    y = torch.from_numpy(np.random.default_rng(8).standard_normal(operator.measured))
    (operator(X) * y).sum().backward()
    np.testing.assert_allclose(X.grad.numpy(), operator.adjoint(y).numpy(), atol=1e-12)


def test_faults_say_what_helps():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="powers of two, not 37: choose scrambled_dct"):
        ScrambledHadamard(0.1).draw((32, 37), rng)
    with pytest.raises(ValueError, match="takes 0 measurements of 256 pixels"):
        ScrambledHadamard(0.001).draw((16, 16), rng)
    with pytest.raises(ValueError, match="takes 512 measurements of 256 pixels"):
        ScrambledDct(2.0).draw((16, 16), rng)
    with pytest.raises(ValueError, match="grey image"):
        ScrambledHadamard(0.1).draw((16, 16, 3), rng)
