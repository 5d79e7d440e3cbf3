"""The operators against adjointness, autograd, scikit-image's Radon transform and loops written out."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from scipy import sparse
from skimage.transform import radon
from torch import nn
from torch.nn.functional import grid_sample

from deeptensor.operators import (
    CodedExposure,
    EntrySampling,
    Functions,
    Matrix,
    Operator,
    Radon,
    adjoint_mismatch,
    random_code,
)

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
ANGLES = [0, 17.3, 45, 90, 133, 180, -30]
# Rounding of sums of some hundred terms of the order of 1.
DOUBLE = {"rtol": 0, "atol": 1e-12}


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


def cumulative_sums(length: int) -> Functions:
    return Functions((length,), lambda x: x.cumsum(1), lambda y: y.flip(1).cumsum(1).flip(1), (length,))


class Doubling(Operator):
    def __init__(self):
        super().__init__((2, 3), (2, 3))

    def _forward(self, X):
        return 2 * X

    def _adjoint(self, y):
        return 2 * y


OPERATORS = {
    "entries of a vector": EntrySampling(normal(9) > 0),
    "entries of a cube": EntrySampling(normal(3, 4, 5) > 0.5),
    "coded exposure of 0 and 1": CodedExposure(random_code((4, 3, 8), 4, seed=0), 4),
    "coded exposure, last frames incomplete": CodedExposure(normal(2, 3, 7), 3),
    "coded exposure of fewer frames than one code": CodedExposure(normal(2, 3), 5),
    "Radon, odd": Radon((7, 7), ANGLES),
    "Radon, even": Radon((8, 8), ANGLES),
    "Radon, wide, with slices": Radon((5, 8, 3), ANGLES),
    "Radon, tall, with two axes of slices": Radon((9, 4, 2, 3), [10]),
    "Radon of one pixel": Radon((1, 1), ANGLES),
    "dense matrix": Matrix(normal(5, 12), (3, 4)),
    "dense matrix in torch": Matrix(torch.from_numpy(normal(20, 12)), (2, 3, 2)),
    "sparse matrix of scipy": Matrix(sparse.random_array((5, 12), density=0.3, rng=0), (3, 4)),
    "sparse matrix of torch": Matrix(torch.from_numpy(normal(5, 12) * (normal(5, 12) > 0)).to_sparse(), (12,)),
    "functions": cumulative_sums(6),
    "operator of one's own": Doubling(),
}
every_operator = pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)


@every_operator
@pytest.mark.parametrize("device", DEVICES)
def test_adjoint_is_the_transpose(operator, device):
    assert adjoint_mismatch(deepcopy(operator).to(device)) < 1e-14


def test_mismatch_of_a_wrong_adjoint_is_large_and_the_operator_stays_as_it_is():
    class Wrong(nn.Module):
        shape = (50,)

        def __init__(self):
            super().__init__()
            self.register_buffer("weights", torch.linspace(0.1, 1, 50))

        def forward(self, X):
            return X * self.weights

        def adjoint(self, y):
            return y

    operator = Wrong()
    assert adjoint_mismatch(operator) > 0.01
    assert operator.weights.dtype == torch.float32


@every_operator
def test_the_gradient_of_each_map_is_the_other(operator):
    for function, transposed, sizes in [
        (operator, operator.adjoint, operator.shape),
        (operator.adjoint, operator, operator.measured),
    ]:
        x = torch.from_numpy(normal(2, *sizes)).requires_grad_()
        y = function(x)
        weights = torch.rand(y.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        (gradient,) = torch.autograd.grad((weights * y).sum(), x)
        torch.testing.assert_close(gradient, transposed(weights), **DOUBLE)
        assert torch.autograd.gradcheck(function, x)
        assert torch.autograd.gradgradcheck(function, x)


@every_operator
def test_both_maps_are_linear(operator):
    for function, sizes in [(operator, operator.shape), (operator.adjoint, operator.measured)]:
        a, b = normal(2, *sizes)
        np.testing.assert_allclose(function(3 * a - 2 * b), 3 * function(a) - 2 * function(b), **DOUBLE)
        assert np.linalg.norm(function(a)) > 0.01


@every_operator
@pytest.mark.parametrize("batch", [(3,), (2, 1, 2), (0,)], ids=str)
def test_batch_axes_map_each_signal_by_itself(operator, batch):
    for function, sizes, target in [
        (operator, operator.shape, operator.measured),
        (operator.adjoint, operator.measured, operator.shape),
    ]:
        x = normal(*batch, *sizes)
        actual = function(x)
        assert actual.shape == (*batch, *target)
        for index in np.ndindex(*batch):
            np.testing.assert_allclose(actual[index], function(x[index]), **DOUBLE)


@every_operator
@pytest.mark.parametrize("device", DEVICES)
def test_answers_come_in_the_kind_precision_and_device_of_the_question(operator, device):
    operator = deepcopy(operator).to(device)
    X = normal(2, *operator.shape)
    expected = operator(X)
    assert isinstance(expected, np.ndarray)
    assert expected.dtype == np.float64
    for other, dtype in [
        (X.astype(np.float32), np.float32),
        (X.astype(">f8"), np.float64),
        (np.flip(np.flip(X).copy()), np.float64),
        (X.tolist(), np.float64),
    ]:
        actual = operator(other)
        assert actual.dtype == dtype
        # Single precision is right to about 1e-7 of each of a few tens of terms.
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12 if dtype == np.float64 else 1e-5)
    for dtype in (torch.float32, torch.float64):
        tensor = torch.from_numpy(X).to(device, dtype)
        for actual, numbers in [
            (operator(tensor), expected),
            (operator.adjoint(operator(tensor)), operator.adjoint(expected)),
        ]:
            assert actual.dtype == dtype
            assert actual.device == tensor.device
            np.testing.assert_allclose(actual.cpu(), numbers, rtol=0, atol=1e-12 if dtype == torch.float64 else 1e-4)


def test_whole_numbers_are_computed_in_single_precision():
    operator = CodedExposure(np.ones((2, 4), bool), 2)
    frames = np.arange(8, dtype=np.uint8).reshape(2, 4)
    for X in (frames, torch.from_numpy(frames)):
        y = operator(X)
        assert str(y.dtype).endswith("float32")
        np.testing.assert_array_equal(y, [[1, 5], [9, 13]])


@every_operator
def test_input_stays_as_it_is(operator):
    X = normal(*operator.shape)
    X.flags.writeable = False
    y = operator(X)
    y *= 0
    np.testing.assert_array_equal(X, normal(*operator.shape))


def test_pickled_copy_and_copy_in_single_precision_map_alike():
    operator = Radon((6, 5, 2), ANGLES)
    X = normal(6, 5, 2)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(operator))(X), operator(X))
    # The weights are rounded to 24 bits.
    np.testing.assert_allclose(deepcopy(operator).float()(X), operator(X), rtol=0, atol=1e-5)


def test_sampling_takes_the_entries_in_order_and_puts_them_back():
    mask = normal(4, 5) > 0
    X = normal(4, 5)
    for given in (mask, mask.astype(int), torch.from_numpy(mask)):
        operator = EntrySampling(given)
        np.testing.assert_array_equal(operator(X), X[mask])
        np.testing.assert_array_equal(operator.adjoint(X[mask]), np.where(mask, X, 0))


@pytest.mark.parametrize(("length", "frames"), [(12, 4), (11, 4), (5, 1), (3, 8)])
def test_coded_exposure_is_that_of_the_loop_written_out(length, frames):
    code, X = np.random.default_rng(0).random((2, 3, 4, length))
    expected = np.zeros((3, 4, -(-length // frames)))
    for i in range(3):
        for j in range(4):
            for t in range(length):
                expected[i, j, t // frames] += code[i, j, t] * X[i, j, t]
    np.testing.assert_allclose(CodedExposure(code, frames)(X), expected, **DOUBLE)


def test_random_code_samples_each_pixel_once_in_every_code_at_its_own_phase():
    code = random_code((32, 32, 24), 8, seed=3)
    assert code.dtype == bool
    assert (code.reshape(32, 32, 3, 8).sum(-1) == 1).all()
    np.testing.assert_array_equal(code[..., :8], code[..., 8:16])
    # Each of the 8 phases has 1024 / 8 = 128 pixels, with a standard deviation of 10.6.
    assert abs(code[..., :8].sum((0, 1)) - 128).max() < 5 * 10.6
    np.testing.assert_array_equal(code, random_code((32, 32, 24), 8, seed=3))
    assert (code != random_code((32, 32, 24), 8, seed=4)).any()
    np.testing.assert_array_equal(code[..., :19], random_code((32, 32, 19), 8, seed=3))


@pytest.mark.parametrize("size", [5, 33])
def test_radon_is_the_transpose_of_scikit_images_on_odd_sizes(size):
    y, x = np.mgrid[:size, :size] - size // 2
    image = normal(size, size) * (x**2 + y**2 < (size // 2) ** 2)
    expected = radon(image, ANGLES, circle=True)
    np.testing.assert_allclose(Radon((size, size), ANGLES)(image), expected.T, **DOUBLE)


@pytest.mark.parametrize("shape", [(7, 7), (8, 8), (6, 9), (9, 6), (8, 5, 3)], ids=str)
def test_radon_is_to_rotate_the_slices_and_sum_their_rows(shape):
    signal = torch.from_numpy(normal(*shape))
    actual = Radon(shape, ANGLES)(signal)
    for angle, projection in zip(ANGLES, actual, strict=True):
        torch.testing.assert_close(projection, rotated(signal, angle).sum(0), **DOUBLE)


def rotated(signal: torch.Tensor, angle: float) -> torch.Tensor:
    height, width = signal.shape[:2]
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    y, x = torch.meshgrid(
        torch.arange(height, dtype=torch.float64) - (height - 1) / 2,
        torch.arange(width, dtype=torch.float64) - (width - 1) / 2,
        indexing="ij",
    )
    # In grid_sample the centres of the outermost pixels lie at -1 and 1.
    grid = torch.stack([(cos * x + sin * y) / ((width - 1) / 2), (cos * y - sin * x) / ((height - 1) / 2)], dim=-1)
    slices = signal.reshape(1, height, width, -1).movedim(-1, 1)
    sampled = grid_sample(slices, grid[None], mode="bilinear", padding_mode="zeros", align_corners=True)
    return sampled.movedim(1, -1).reshape(signal.shape)


@pytest.mark.parametrize("shape", [(7, 7), (8, 6, 2)], ids=str)
def test_radon_at_right_angles_sums_rows_and_columns(shape):
    signal = normal(*shape)
    np.testing.assert_allclose(Radon(shape, [0])(signal)[0], signal.sum(0), **DOUBLE)
    np.testing.assert_allclose(Radon(shape, [180])(signal)[0], signal.sum(0)[::-1], **DOUBLE)
    if shape[0] == shape[1]:
        # Clockwise: the bottom row, the last one, comes to lie on the left.
        np.testing.assert_allclose(Radon(shape, [90])(signal)[0], signal.sum(1)[::-1], **DOUBLE)


@pytest.mark.parametrize("shape", [(33, 33), (32, 40)], ids=str)
def test_every_projection_keeps_the_mass_of_a_blob(shape):
    y, x = np.mgrid[: shape[0], : shape[1]]
    blob = np.exp(-((x - (shape[1] - 1) / 2) ** 2 + (y - (shape[0] - 1) / 2) ** 2) / (2 * 3**2))
    projections = Radon(shape, np.arange(0, 180, 7))(blob)
    np.testing.assert_allclose(projections.sum(1), blob.sum(), rtol=0.01)


def test_radon_projects_a_point_into_the_bin_that_its_docstring_says():
    operator = Radon((21, 21), ANGLES)
    image = np.zeros((21, 21))
    image[6, 14] = 1
    bins = 10 + 4 * np.cos(np.deg2rad(operator.angles)) + 4 * np.sin(np.deg2rad(operator.angles))
    projections = operator(image)
    # Bilinear weights balance out within a tenth of a bin.
    np.testing.assert_allclose(projections @ np.arange(21) / projections.sum(1), bins, atol=0.1)


@pytest.mark.parametrize(
    "kind", [np.asarray, torch.from_numpy, sparse.csr_array, sparse.coo_matrix], ids=lambda made: made.__name__
)
def test_matrix_acts_on_the_flattened_signal(kind):
    matrix, X = normal(5, 12), normal(3, 4)
    operator = Matrix(kind(matrix), (3, 4))
    np.testing.assert_allclose(operator(X), matrix @ X.ravel(), **DOUBLE)
    np.testing.assert_allclose(operator.adjoint(matrix[:, 0]), (matrix.T @ matrix[:, 0]).reshape(3, 4), **DOUBLE)


def test_functions_call_what_they_were_given():
    np.testing.assert_allclose(cumulative_sums(4)(np.array([1.0, 2, 3, 4])), [1, 3, 6, 10])
    np.testing.assert_allclose(cumulative_sums(4).adjoint(np.array([1.0, 2, 3, 4])), [10, 9, 7, 4])


def test_functions_of_the_wrong_shape_are_named():
    operator = Functions((4,), lambda x: x[:, :3], lambda y: y, (2,))
    with pytest.raises(ValueError, match=r"made an array of shape \(1, 3\).*return \(1, 2\)"):
        operator(normal(4))


@every_operator
def test_wrong_shapes_are_named(operator):
    for function, sizes in [(operator, operator.shape), (operator.adjoint, operator.measured)]:
        for wrong in ((*sizes[:-1], sizes[-1] + 1), sizes[1:]):
            with pytest.raises(ValueError, match="must have the shape") as error:
                function(np.zeros(wrong))
            assert str(tuple(sizes)) in str(error.value)
            assert str(tuple(wrong)) in str(error.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EntrySampling(np.zeros((2, 3), bool)), r"of shape \(2, 3\), is nowhere true"),
        (lambda: EntrySampling([0, 1, 2]), "true and false"),
        (lambda: CodedExposure(np.ones((2, 3)), 0), "frames must be a whole number of at least 1, not 0"),
        (lambda: CodedExposure(np.ones((2, 3)), 1.5), "frames must be a whole number"),
        (lambda: CodedExposure(np.full((2, 3), np.nan), 1), "not finite"),
        (lambda: CodedExposure(np.ones((2, 3), complex), 1), "real numbers, not complex128"),
        (lambda: CodedExposure(1.0, 1), "one or more whole numbers"),
        (lambda: random_code((2, 2.5), 2, seed=0), "each size of shape must be a whole number of at least 1"),
        (lambda: random_code((2, 4), -1, seed=0), "frames must be"),
        (lambda: Radon((8,), [0]), "two axes or more"),
        (lambda: Radon((8, 0), [0]), "each size of shape must be a whole number of at least 1"),
        (lambda: Radon((8, 8), []), "angles must be"),
        (lambda: Radon((8, 8), 30), "angles must be"),
        (lambda: Radon((8, 8), [0, np.inf]), "angles must be"),
        (lambda: Matrix(np.ones((3, 5)), (2, 3)), r"6 columns for a signal \(2, 3\), not \(3, 5\)"),
        (lambda: Matrix(np.ones(6), (2, 3)), "6 columns"),
        (lambda: Matrix(sparse.eye_array(6) * np.inf, (6,)), "not finite"),
        (lambda: Doubling()(np.zeros((2, 3), complex)), "real numbers, not complex128: map the real"),
        (lambda: Doubling()(torch.zeros((2, 3), dtype=torch.complex64)), "real numbers, not torch.complex64"),
        (lambda: Doubling()([["a"] * 3] * 2), "real numbers"),
    ],
)
def test_settings_without_sense_are_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
