"""What comes from the caller, and goes back."""

import numpy as np
import pytest
import torch

from deeptensor.arrays import checked, like


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "longdouble", "i2", "u1", "bool"])
def test_real_arrays_of_any_precision_are_taken_by_value(dtype):
    Y = np.array([[0, 1, 1], [1, 0, 1]], dtype=dtype)
    tensor = checked(Y)
    assert tensor.dtype == torch.float32
    np.testing.assert_array_equal(tensor.numpy(), Y.astype(float))


@pytest.mark.parametrize("Y", [np.arange(24.0).reshape(4, 6)[::2, ::-2], torch.arange(24.0).view(4, 6).T[1::2]])
def test_arrays_that_are_not_contiguous_keep_their_entries(Y):
    np.testing.assert_array_equal(checked(Y).numpy(), np.asarray(Y))
    assert checked(Y).is_contiguous()


def test_lists_and_numbers_are_arrays():
    assert checked([[1, 2]]).tolist() == [[1, 2]]
    assert checked(0.5).shape == ()


@pytest.mark.parametrize(
    ("Y", "message"),
    [
        (np.ones((4, 0)), r"Y is empty, of shape \(4, 0\)"),
        (np.ones(2, complex), "Y must hold real numbers, not complex128"),
        (torch.ones(2, dtype=torch.complex64), "Y must hold real numbers, not torch.complex64"),
        (np.array(["a"]), "Y must hold real numbers"),
        (np.array([1, np.nan]), "not finite in single precision: replace them"),
        (torch.tensor([1, torch.inf]), "not finite"),
        (np.array([1e300]), "not finite in single precision"),
        (np.ma.array([1.0, 2], mask=[True, False]), "a masked array: give its data, and what is not masked as weights"),
    ],
)
def test_what_is_no_finite_real_array_is_refused(Y, message):
    with pytest.raises(ValueError, match=message):
        checked(Y)


def test_nan_can_be_allowed():
    assert checked(np.array([np.nan, 1]), allow_nan=True).isnan().tolist() == [True, False]


@pytest.mark.parametrize(
    ("given", "returned"), [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), (">f8", "f8"), ("i8", "f8"), ("g", "f8")]
)
def test_results_have_the_kind_of_the_data_and_single_precision_only_if_they_have_no_more(given, returned):
    result = like(torch.ones(2), np.ones(3, given))
    assert isinstance(result, np.ndarray)
    assert result.dtype == returned
    tensor = like(torch.ones(2), torch.ones(3, dtype=torch.float64))
    assert tensor.dtype == torch.float64
