"""The checks that every data set passes."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.contract import Item
from benchmark.loaders.signals import name_of, normalised, stretched, validated

GOOD = np.linspace(0, 1, 24).reshape(2, 3, 4)


def with_value(value: float) -> np.ndarray:
    signal = GOOD.copy()
    signal[1, 0, 2] = value
    return signal


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float16, np.float64])
def test_any_real_type_becomes_float32_of_peak_one(kind):
    counts = np.array([[0, 50, 100], [25, 75, 200]]).astype(kind)
    signal = normalised("counts", counts)
    assert signal.dtype == np.float32
    np.testing.assert_array_equal(signal, np.float32([[0, 0.25, 0.5], [0.125, 0.375, 1]]))


def test_each_sample_is_mapped_to_zero_and_one_by_its_own_extremes():
    samples = np.array([[[0, 10], [20, 40]], [[-3, -1], [-2, -3]]])
    mapped = stretched("samples", samples)
    assert mapped.dtype == np.float32
    np.testing.assert_array_equal(mapped, np.float32([[[0, 0.25], [0.5, 1]], [[0, 1], [0.5, 0]]]))


def test_a_constant_sample_is_named():
    with pytest.raises(ValueError, match="counts: sample 1 is constant"):
        stretched("counts", np.array([[1.0, 2.0], [3.0, 3.0]]))


@pytest.mark.parametrize(
    ("path", "name"), [("a b.npy", "a_b"), ("t1.nii.gz", "t1"), ("v1.2.mat", "v1.2"), ("x", "x"), ("-x.png", "_x")]
)
def test_an_item_is_named_after_its_file(path, name):
    assert name_of(Path("folder") / path) == name


def test_a_signed_item_keeps_its_scale():
    items = [Item("a", 0.4 * GOOD - 0.3, signed=True)]
    assert validated(items, "stack") == items


def test_good_items_come_back_as_they_are():
    items = [Item("a", GOOD), Item("_b.1-2", GOOD, extras={"labels": np.array([0, 1]), "axis": np.arange(9)})]
    assert validated(iter(items), "samples") == items


@pytest.mark.parametrize(
    ("kind", "fitting", "unfit"),
    [
        ("images", [(4, 5), (4, 5, 3)], [(4,), (4, 5, 1), (4, 5, 4), (2, 4, 5, 3)]),
        ("matrices", [(4, 5), (4, 4)], [(4,), (4, 5, 3)]),
        ("stack", [(4, 5, 3), (4, 5, 1), (4, 5, 31)], [(4, 5), (4, 5, 3, 2)]),
        ("samples", [(4, 5), (4, 5, 3), (4, 5, 3, 2)], [(4,)]),
    ],
)
def test_the_axes_of_a_signal_fit_the_kind_of_its_data_set(kind, fitting, unfit):
    signals = {shape: np.linspace(0, 1, np.prod(shape)).reshape(shape) for shape in fitting + unfit}
    for shape in fitting:
        validated([Item("a", signals[shape])], kind)
    for shape in unfit:
        with pytest.raises(ValueError, match=rf"a: a signal of shape \({shape[0]},.* of the kind '{kind}': .*needed"):
            validated([Item("a", signals[shape])], kind)


def test_an_unknown_kind_lists_the_known():
    with pytest.raises(ValueError, match="'cube'; known: images, matrices, stack, samples"):
        validated([Item("a", GOOD)], "cube")


@pytest.mark.parametrize(
    ("signal", "complaint"),
    [
        (with_value(np.nan), r"1 of 24 values, the first at index \(1, 0, 2\), are NaN or infinite"),
        (with_value(np.inf), r"1 of 24 values, the first at index \(1, 0, 2\), are NaN or infinite"),
        (with_value(-0.5), r"\(1, 0, 2\), are negative, and photon noise needs x >= 0"),
        (np.ones((2, 3)), "every value is 1.0"),
        (np.zeros((2, 3)), "every value is 0.0"),
        (np.ones((0, 3)), r"shape \(0, 3\) is empty"),
        (GOOD * 1j, "complex"),
        (np.array(["a", "b"]), "type <U1"),
        (GOOD.tolist(), "a list; a NumPy array is needed"),
    ],
)
def test_bad_values_are_refused_by_both_checks(signal, complaint):
    with pytest.raises(ValueError, match=complaint):
        validated([Item("bad", signal)], "stack")
    with pytest.raises(ValueError, match=complaint):
        normalised("bad", signal)


@pytest.mark.parametrize(
    ("items", "complaint"),
    [
        ([], "no items"),
        ([Item("a b", GOOD)], "'a b' is unfit"),
        ([Item("", GOOD)], "'' is unfit"),
        ([Item("a/b", GOOD)], "'a/b' is unfit"),
        ([Item("..", GOOD)], "'..' is unfit"),
        ([Item("-a", GOOD)], "'-a' is unfit"),
        ([Item("a", GOOD), Item("b", GOOD), Item("a", GOOD)], "2 items are named 'a'"),
        ([Item("a", 255 * GOOD)], "the maximum is 255.0"),
        ([Item("a", GOOD - 2, signed=True)], "the largest magnitude is 2.0"),
        ([Item("a", np.full((2, 3), -0.5), signed=True)], "every value is -0.5"),
        ([Item("a", with_value(np.nan), signed=True)], "NaN"),
        (Item("a", GOOD), "`load` returned Item; it must return a list"),
        ({"a": GOOD}, "`load` returned dict; it must return a list"),
        (None, "`load` returned NoneType; it must return a list"),
        ([GOOD], "`load` returned ndarray among the Items"),
        ([Item(3, GOOD)], "an item is named 3; its name must be a text"),
        ([Item("a", GOOD, rank=2.5)], "a: the rank is 2.5; it must be an `int`"),
        ([Item("a", GOOD, rank=np.int64(2))], "a: the rank is .*2.*; it must be an `int`"),
        ([Item("a", GOOD, budget=True)], "a: the budget is True"),
        ([Item("a", GOOD, extras=None)], "a: the extras are NoneType"),
        ([Item("a", GOOD, extras={"signal": GOOD})], "an extra cannot be named 'signal'"),
        ([Item("a", GOOD, extras={"a/b": GOOD})], "an extra cannot be named 'a/b'"),
        ([Item("a", GOOD, extras={"names": [[1, 2], [3]]})], "the extra 'names' is no array"),
        ([Item("a", GOOD, extras={"names": np.array([{}])})], "the extra 'names' is no array"),
        ([Item("a", GOOD, extras={"labels": np.arange(3)})], r"labels of shape \(3,\) for 2 entries"),
        ([Item("a", GOOD, extras={"labels": np.ones((2, 1))})], r"labels of shape \(2, 1\) for 2 entries"),
    ],
)
def test_bad_items_are_refused(items, complaint):
    with pytest.raises(ValueError, match=complaint):
        validated(items, "stack")
