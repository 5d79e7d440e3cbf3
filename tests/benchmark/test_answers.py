"""What a method returns is an answer, or the message says in one line why it is none."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
import torch

from benchmark.answers import NoAnswer, check_answer, declared, size_of
from benchmark.contract import Estimate, Snapshot

SHAPE = (6, 5)
PARTS = {"low": (6, 5), "sparse": (6, 5), "means": (5,)}
GOOD = np.ones(SHAPE)
U, V = np.ones((6, 2)), np.ones((5, 2))


def traced(**changes):
    """Return an estimate whose trace has a good snapshot and one that is changed."""
    good = {"iteration": 1, "seconds": 0.5, "loss": 2.0, "last": GOOD}
    return Estimate(signal=GOOD, trace=[Snapshot(**good), Snapshot(**good | changes)])


def parted(**changes):
    """Return an estimate of the parts asked for, with some exchanged, or left out where None is given."""
    parts = {name: np.ones(shape) for name, shape in PARTS.items()} | changes
    return Estimate(parts={name: own for name, own in parts.items() if own is not None})


@pytest.mark.parametrize(
    ("estimate", "shape"),
    [
        (Estimate(signal=GOOD), SHAPE),
        (Estimate(signal=GOOD.astype(np.float16)), SHAPE),
        (Estimate(signal=GOOD.astype(int)), SHAPE),
        (Estimate(signal=GOOD > 0), SHAPE),
        (Estimate(signal=np.ones((3, 2, 1))), None),
        (Estimate(factors=(U, V)), SHAPE),
        (Estimate(factors=[U, V]), SHAPE),
        (Estimate(factors=(np.ones((6, 5, 2)), np.ones((4, 2)))), (6, 5, 4)),
        (Estimate(signal=GOOD, iterations=12), SHAPE),
        (Estimate(signal=GOOD, iterations=np.int64(12)), SHAPE),
        (traced(average=(U, V)), SHAPE),
        (traced(iteration=np.int64(3), seconds=np.float32(0.1), loss=np.float64("nan")), SHAPE),
        (Estimate(factors=(U, V), trace=[Snapshot(1, 0.1, 0.1, last=(U, V), average=GOOD)]), SHAPE),
        (parted(), PARTS),
        (parted(sparse=None), PARTS),
        (Estimate(parts={"anything": np.ones(3)}), None),
    ],
)
def test_what_was_asked_for_is_an_answer(estimate, shape):
    assert check_answer(estimate, shape, optional=frozenset({"sparse"})) == 0


@pytest.mark.parametrize(
    ("estimate", "message"),
    [
        (GOOD, "returned numpy.ndarray, not an Estimate"),
        (None, "returned NoneType, not an Estimate"),
        (Estimate(), "one of: a signal, factors, parts"),
        (Estimate(signal=GOOD, factors=(U, V)), "one of: a signal, factors, parts"),
        (Estimate(signal=torch.ones(6, 5)), "returned torch.Tensor as the signal, not a NumPy array"),
        (Estimate(signal=[[1.0] * 5] * 6), "returned list as the signal, not a NumPy array"),
        (Estimate(signal=3.0), "returned float as the signal, not a NumPy array"),
        (Estimate(signal=np.ma.masked_array(GOOD, np.eye(6, 5))), "returned masked values: fill them"),
        (Estimate(signal=GOOD[1:]), "returned shape (5, 5), where (6, 5) was asked for"),
        (Estimate(signal=GOOD[..., None]), "returned shape (6, 5, 1), where (6, 5) was asked for"),
        (Estimate(signal=GOOD * 1j), "returned complex values"),
        (Estimate(signal=GOOD.astype(object)), "returned values of type object, which are no numbers"),
        (Estimate(signal=GOOD.astype(str)), "which are no numbers"),
        (Estimate(factors=GOOD), "returned numpy.ndarray as factors, not a tuple"),
        (Estimate(factors=(U, torch.ones(5, 2))), "returned torch.Tensor among the factors"),
        (Estimate(factors=(U, [[1.0, 1.0]] * 5)), "returned list among the factors"),
        (
            Estimate(factors=(U, np.ones(5))),
            "returned numpy.ndarray among the factors, which are NumPy arrays of shape",
        ),
        (Estimate(factors=(U, np.ones((5, 3)))), "returned factors whose last axes differ: 2, 3"),
        (Estimate(factors=()), "returned factors whose last axes differ: none"),
        (Estimate(factors=(U, U)), "returned factors of shape (6, 6), where (6, 5) was asked for"),
        (Estimate(factors=(U, V * 1j)), "returned complex values"),
        (Estimate(factors=(U, V.astype(object))), "returned values of type object"),
        (Estimate(parts={"low": GOOD}), "returned parts, where one signal of shape (6, 5) was asked for"),
        (Estimate(signal=GOOD, iterations=12.5), "returned 12.5 as the number of iterations, which is a whole number"),
        (Estimate(signal=GOOD, iterations="12"), "returned '12' as the number of iterations"),
        (Estimate(signal=GOOD, iterations=-1), "returned -1 as the number of iterations"),
        (Estimate(signal=GOOD, trace=3), "returned int as the trace, not a list of Snapshots"),
        (Estimate(signal=GOOD, trace=[{"last": GOOD}]), "a trace with dict in place 0, not a Snapshot"),
        (traced(last=GOOD[1:]), "a trace whose `last` in place 1 is shape (5, 5), where (6, 5) was asked for"),
        (traced(average=GOOD[1:]), "a trace whose `average` in place 1 is shape (5, 5)"),
        (traced(last=torch.ones(6, 5)), "a trace whose `last` in place 1 is torch.Tensor"),
        (traced(last=None), "a trace whose `last` in place 1 is NoneType"),
        (traced(last=(U, np.ones((5, 3)))), "a trace whose `last` in place 1 is factors whose last axes differ: 2, 3"),
        (traced(loss=torch.ones(())), "a trace with torch.Tensor as `loss` in place 1"),
        (Estimate(signal=GOOD, iterations=10**5000), "returned too large a number as the number of iterations"),
        (Estimate(signal=GOOD, iterations=Fraction(3)), "returned Fraction(3, 1) as the number of iterations"),
        (traced(iteration=10**5000), "a trace whose `iteration` in place 1 is not from 0 to 2^53"),
        (traced(iteration=-1), "a trace whose `iteration` in place 1 is not from 0 to 2^53"),
        (traced(iteration=float("nan")), "a trace whose `iteration` in place 1 is not from 0 to 2^53"),
        (traced(iteration=Fraction(3)), "a trace with fractions.Fraction as `iteration` in place 1, not a number"),
        (traced(seconds=float("inf")), "a trace whose `seconds` in place 1 is not from 0 to 2^53"),
        (traced(loss=10**400), "a trace whose `loss` in place 1 is a whole number that no float holds"),
        (traced(iteration=None), "a trace with NoneType as `iteration` in place 1"),
        (traced(seconds="1"), "a trace with str as `seconds` in place 1"),
    ],
)
def test_what_is_no_signal_is_refused_with_the_reason(estimate, message):
    with pytest.raises(NoAnswer) as error:
        check_answer(estimate, SHAPE)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("estimate", "message"),
    [
        (parted(means=None), "returned the parts low, sparse, where these were asked for: low, sparse, means"),
        (parted(other=GOOD), "returned the parts low, sparse, means, other, where these were asked for"),
        (parted(low=GOOD[1:]), "returned in part 'low' shape (5, 5), where (6, 5) was asked for"),
        (parted(sparse=GOOD[1:]), "returned in part 'sparse' shape (5, 5)"),
        (parted(low=torch.ones(6, 5)), "returned in part 'low' torch.Tensor, not a NumPy array"),
        (parted(low=(U, V)), "returned in part 'low' tuple, not a NumPy array"),
        (parted(low=GOOD * 1j), "returned in part 'low' complex values"),
        (Estimate(parts=[GOOD]), "returned list as parts, not a mapping"),
        (Estimate(parts={}), "returned the parts none"),
        (Estimate(signal=GOOD), "one signal, where these parts were asked for: low, sparse, means"),
        (Estimate(factors=(U, V)), "where these parts were asked for: low, sparse, means"),
    ],
)
def test_what_are_not_the_parts_is_refused_with_the_reason(estimate, message):
    with pytest.raises(NoAnswer) as error:
        check_answer(estimate, PARTS, optional=frozenset({"sparse"}))
    assert message in str(error.value)


@pytest.mark.parametrize(("shape", "optional"), [(None, frozenset()), ({"low": SHAPE}, frozenset({"low"}))])
def test_no_parts_at_all_are_no_answer(shape, optional):
    with pytest.raises(NoAnswer, match="the parts none"):
        check_answer(Estimate(parts={}), shape, optional)


def test_parts_of_a_trace_are_checked_as_those_of_the_answer_are():
    parts = parted().parts
    good, bad = (Snapshot(1, 0.1, 0.1, last=own) for own in (parts, parts | {"low": GOOD[1:]}))
    assert check_answer(Estimate(parts=parts, trace=[good]), PARTS) == 0
    with pytest.raises(NoAnswer, match="`last` in place 1 is in part 'low' shape"):
        check_answer(Estimate(parts=parts, trace=[good, bad]), PARTS)


@pytest.mark.parametrize(
    "estimate",
    [
        Estimate(factors=(np.ones((80_000, 2)), np.ones((80_000, 2)))),
        Estimate(signal=GOOD, trace=[Snapshot(1, 0.1, 0.1, last=(np.ones((80_000, 2)), np.ones((80_000, 2))))]),
    ],
)
def test_factors_of_another_shape_are_refused_before_they_would_fill_the_memory(estimate):
    tracemalloc.start()
    with pytest.raises(NoAnswer, match=r"factors of shape \(80000, 80000\), where \(6, 5\) was asked for"):
        check_answer(estimate, SHAPE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


def test_factors_of_a_trace_are_checked_without_their_signals():
    wide = (np.ones((3000, 1), np.float16), np.ones((3000, 1), np.float16))
    answer = Estimate(parts={"low": GOOD}, trace=[Snapshot(1, 0.1, 0.1, last=wide, average=wide)])
    tracemalloc.start()
    assert check_answer(answer, None) == 0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


def test_values_that_are_not_finite_are_counted_in_the_answer_and_not_in_the_trace():
    holed = GOOD.copy()
    holed[0, :3] = np.nan, np.inf, -np.inf
    blown = [Snapshot(1, 0.1, 0.1, last=GOOD * np.nan)]
    assert check_answer(Estimate(signal=holed, trace=blown), SHAPE) == 3
    assert check_answer(Estimate(factors=(U, np.where(np.arange(5)[:, None] == 2, np.nan, V))), SHAPE) == 6
    assert check_answer(parted(low=holed, means=np.full(5, np.nan)), PARTS) == 8


def test_the_size_of_an_answer_is_that_of_its_signal_or_of_all_its_parts():
    assert [size_of(GOOD), size_of((U, V)), size_of(parted().parts)] == [30, 30, 65]


def test_a_fraction_of_an_iteration_is_none_whatever_its_type():
    for number in (Fraction(25, 2), np.float64(12), 12.0):
        with pytest.raises(NoAnswer, match="whole number"):
            check_answer(Estimate(signal=GOOD, iterations=number), SHAPE)


def test_a_declared_number_is_compared_as_single_precision_keeps_it():
    number = 2**24 + 1  # which single precision rounds down
    assert declared({"kept": np.array(number, np.float32)}, "kept", least=number) == 2**24
    assert declared({"kept": np.array(0.0)}, "kept") == 0
    with pytest.raises(NoAnswer, match=r"declares 1.6.*e.07 as `kept`, less than the 2.*e.07 that it"):
        declared({"kept": np.array(number, np.float32)}, "kept", least=2e7 + 1)
