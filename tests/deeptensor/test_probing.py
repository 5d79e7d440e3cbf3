"""What a probe tells of operators: one from another, whatever the rounding, and whether they can be fitted through."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from deeptensor import reconstruct
from deeptensor.operators import EntrySampling, Functions, Matrix, Operator, Radon
from deeptensor.probing import probed

SIZE, ROWS, BINS = 6, 5, 4
MATRIX = np.random.default_rng(1).standard_normal((ROWS * BINS, SIZE * SIZE)).astype("f4")
HOST = torch.device("cpu")
QUICK = {"parts": 2, "channels": 2, "scales": 1, "iterations": 2, "progress": False, "device": "cpu"}
few = settings(deadline=None, derandomize=True, max_examples=25)


def times(matrix: np.ndarray, x: torch.Tensor) -> torch.Tensor:
    return (x.flatten(1) @ torch.from_numpy(matrix.T).to(x.dtype)).view(-1, ROWS, BINS)


def back(matrix: np.ndarray, y: torch.Tensor) -> torch.Tensor:
    return (y.flatten(1) @ torch.from_numpy(matrix).to(y.dtype)).view(-1, SIZE, SIZE)


def functions(forward=lambda y: y, adjoint=lambda x: x, matrix=MATRIX) -> Functions:
    """Return the operator of a matrix, with what these two do to its results."""
    return Functions(
        (SIZE, SIZE),
        forward if forward is None else lambda x: forward(times(matrix, x)),
        adjoint if adjoint is None else lambda y: adjoint(back(matrix, y)),
        (ROWS, BINS),
    )


class Module(nn.Module):
    """An operator that is none of ours."""

    def __init__(self, change=lambda y: y, shape=(SIZE, SIZE), **more):
        super().__init__()
        self.change, self.shape = change, shape
        vars(self).update(more)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.change(times(MATRIX, x[None])[0])


def traits(operator: nn.Module) -> tuple[float, ...]:
    return probed(operator, HOST).traits


def radon(angles, size: int = 16) -> Radon:
    return Radon((size, size), angles)


def test_a_probe_knows_the_measurements_shape_and_the_operators_gain():
    assert probed(functions(), HOST).measured == (ROWS, BINS)
    x = np.random.default_rng(0).standard_normal((SIZE, SIZE)).ravel()
    assert traits(functions())[0] == pytest.approx(np.linalg.norm(MATRIX @ x), rel=0.01)
    assert traits(functions(matrix=10 * MATRIX))[0] == pytest.approx(10 * traits(functions())[0], rel=0.01)


@given(seed=st.integers(0, 1000))
@few
def test_rounding_does_not_change_what_tells_an_operator(seed):
    error = 1e-7 * np.random.default_rng(seed).standard_normal(MATRIX.shape)
    assert traits(functions(matrix=(MATRIX * (1 + error)).astype("f4"))) == traits(functions())


def test_the_number_of_threads_does_not_change_what_tells_an_operator():
    operator, threads = radon(np.arange(0, 180, 3.0), 64), torch.get_num_threads()
    first = traits(operator)
    try:
        torch.set_num_threads(3 - min(threads, 2))
        assert traits(operator) == first
    finally:
        torch.set_num_threads(threads)


@given(entry=st.integers(0, MATRIX.size - 1), change=st.sampled_from([-1.0, 0.3, 0.1]))
@few
def test_another_matrix_is_told_by_any_of_its_entries(entry, change):
    other = MATRIX.copy()
    other.flat[entry] += change
    assert traits(functions(matrix=other)) != traits(functions())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (radon([0, 45, 90]), radon([0, 45, 91])),
        (radon([0, 45, 90]), radon([0, 90, 45])),
        (EntrySampling(np.eye(16)), EntrySampling(np.eye(16)[::-1])),
        (Matrix(MATRIX, (SIZE, SIZE)), Matrix(-MATRIX, (SIZE, SIZE))),
    ],
)
def test_operators_of_the_same_shapes_are_told_apart(one, other):
    assert probed(one, HOST).measured == probed(other, HOST).measured
    assert traits(one) != traits(other)


def test_a_module_with_a_gradient_and_no_adjoint_is_an_operator():
    assert traits(Module()) == traits(functions())


@pytest.mark.parametrize("gain", [1e-30, 1e-15, 1e15, 1e30])
def test_a_large_or_small_gain_is_no_wrong_adjoint(gain):
    assert probed(functions(lambda y: gain * y, lambda x: gain * x), HOST).measured == (ROWS, BINS)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (functions(torch.Tensor.tolist), "operator cannot measure a float32 image of shape .6, 6.: .* made list"),
        (functions(lambda y: None), "made NoneType of the signal: its functions must return tensors of real numbers"),
        (functions(torch.Tensor.numpy), "made ndarray"),
        (functions(lambda y: y + 0j), "made torch.complex64"),
        (functions(torch.Tensor.double), "operator must return torch.float32 .*, not torch.float64"),
        (functions(torch.Tensor.long), "operator must return torch.float32 .*, not torch.int64"),
        (functions(lambda y: y[:, 1:]), r"shape \(1, 4, 4\) of the signal.* return \(1, 5, 4\)"),
        (functions(None), "operator cannot measure .*: TypeError: 'NoneType' object is not callable"),
        (functions(lambda y: np.nan * y), "operator returns entries that are not finite"),
        (functions(lambda y: 0 * y, lambda x: 0 * x), "operator must measure something"),
        (functions(lambda y: y + 1), "operator must be linear, with its own adjoint"),
        (functions(adjoint=None), r"operator cannot map float32 measurements of shape \(5, 4\) back, by its adjoint"),
        (functions(adjoint=lambda x: 2 * x), "operator must be linear, with its own adjoint"),
        (functions(adjoint=lambda x: -x), "operator must be linear, with its own adjoint"),
        (functions(adjoint=lambda x: x.mT), "operator must be linear, with its own adjoint"),
        (functions(adjoint=lambda x: x[:, 1:]), r"shape \(1, 5, 6\) of the measurement.* return \(1, 6, 6\)"),
        (functions(adjoint=torch.Tensor.tolist), "by its adjoint: .* made list of the measurement"),
        (functions(adjoint=torch.Tensor.double), "the adjoint of the operator must return torch.float32"),
        (Operator((SIZE, SIZE), (ROWS, BINS)), "Operator must define _forward"),
        (Module(torch.Tensor.tolist), "operator must return a tensor, not list"),
        (Module(torch.square), "operator must be linear"),
        (Module(torch.sum), r"one axis or more, not a tensor of shape \(\)"),
        (Module(lambda y: y[:0]), r"one axis or more, not a tensor of shape \(0, 4\)"),
        (Module(torch.Tensor.detach), "autograd does not reach through it"),
        (Module(adjoint=lambda y: 3 * back(MATRIX, y[None])[0]), "operator must be linear, with its own adjoint"),
        (Module(adjoint=3), "'int' object is not callable"),
        (Module(shape=3), "of single images .* `shape` is 3"),
        (Module(shape=None), "`shape` is None"),
        (Module(shape="ab"), "`shape` is 'ab'"),
        (Module(shape=(6.0, 6.0)), r"`shape` is \(6.0, 6.0\)"),
        (Module(shape=(2, 2)), "at least 4 x 4 pixels"),
        (Module(stream=(x for x in ())), "operator cannot be copied to cpu: TypeError"),
        (partial(times, MATRIX), "operator must be an operator of deeptensor.operators"),
        (nn.Module, "operator must be an operator of deeptensor.operators"),
        (None, "operator must be an operator of deeptensor.operators"),
    ],
)
def test_reconstruct_names_what_is_wrong_with_an_operator(operator, message):
    def start(kept):
        raise AssertionError("a reconstruction was begun")

    with pytest.raises(ValueError, match=message) as refused:
        reconstruct(np.ones((ROWS, BINS)), operator, start, **QUICK)
    assert "torch.Size" not in str(refused.value)
