"""Whether what a method returned is an answer at all: its types, shapes and values, those of its trace included."""

from collections.abc import Mapping

import numpy as np

from benchmark.contract import Answer, Estimate, Snapshot, compose

Shape = tuple[int, ...]
# Up to here a float, which files and tables keep, tells whole numbers apart.
MOST = 2**53


class NoAnswer(ValueError):
    """What a method returned is none of what it was asked for; the message says why."""


def check_answer(
    estimate: object, shape: Shape | Mapping[str, Shape] | None, optional: frozenset[str] = frozenset()
) -> int:
    """Return how many values of an estimate's answer are NaN or infinite; raise NoAnswer if it is no answer.

    `shape` is that of the signal asked for, or of each part by name, of which the `optional` ones may be left out; None
    where the task leaves it open.
    """
    if not isinstance(estimate, Estimate):
        raise NoAnswer(f"returned {_type(estimate)}, not an Estimate")
    if sum(value is not None for value in (estimate.signal, estimate.factors, estimate.parts)) != 1:
        raise NoAnswer("an Estimate holds one of: a signal, factors, parts")
    number = estimate.iterations
    if number is not None and not (isinstance(number, int | np.integer) and 0 <= number < MOST):
        shown = "too large a number" if isinstance(number, int) and number >= MOST else repr(number)
        raise NoAnswer(f"returned {shown} as the number of iterations, which is a whole number")
    _check_value(_of_field(estimate), shape, optional, "returned")
    if not isinstance(estimate.trace, list | tuple):
        raise NoAnswer(f"returned {_type(estimate.trace)} as the trace, not a list of Snapshots")
    for number, snapshot in enumerate(estimate.trace):
        if not isinstance(snapshot, Snapshot):
            raise NoAnswer(f"returned a trace with {_type(snapshot)} in place {number}, not a Snapshot")
        for name in ("iteration", "seconds", "loss"):
            value = getattr(snapshot, name)
            if not isinstance(value, int | float | np.integer | np.floating):
                raise NoAnswer(f"returned a trace with {_type(value)} as `{name}` in place {number}, not a number")
            if name != "loss" and not 0 <= value < MOST:
                raise NoAnswer(f"returned a trace whose `{name}` in place {number} is not from 0 to 2^53")
            if name == "loss" and isinstance(value, int) and abs(value) >= MOST:
                raise NoAnswer(f"returned a trace whose `loss` in place {number} is a whole number that no float holds")
        for name in ("last", "average"):
            if name == "last" or snapshot.average is not None:
                _check_value(
                    getattr(snapshot, name), shape, optional, f"returned a trace whose `{name}` in place {number} is"
                )
    signal = compose(estimate.answer)
    return sum(
        np.count_nonzero(~np.isfinite(own)) for own in (signal.values() if isinstance(signal, dict) else [signal])
    )


def named_parts(answer: Answer) -> Mapping[str, np.ndarray]:
    """Return an answer that consists of parts by name; raise NoAnswer for one that does not."""
    if not isinstance(answer, Mapping):
        raise NoAnswer(f"the answer is one array of shape {np.shape(answer)}, where parts by name are asked for")
    return answer


def declared(answer: Mapping[str, np.ndarray], name: str, least: float = 0) -> float:
    """Return a number that a method declares of its own work, the part `name` of an answer.

    Raises NoAnswer for what is no whole number, and for less than `least`, which the answer itself shows: as single
    precision, in which answers are kept, tells them apart.
    """
    number = float(answer[name])
    if not (0 <= number < MOST and number.is_integer()):
        raise NoAnswer(f"the answer declares {number:g} as `{name}`: it has to be a whole number from 0 to 2^53")
    if np.float32(number) < np.float32(least):
        raise NoAnswer(f"the answer declares {number:g} as `{name}`, less than the {least:g} that it itself shows")
    return number


def size_of(answer: Answer) -> int:
    """Return the number of values of an answer."""
    signal = compose(answer)
    return sum(own.size for own in signal.values()) if isinstance(signal, dict) else signal.size


def _of_field(estimate: Estimate) -> object:
    """Return the answer, after a look at which field it stands in."""
    if estimate.signal is not None and not isinstance(estimate.signal, np.ndarray):
        raise NoAnswer(f"returned {_type(estimate.signal)} as the signal, not a NumPy array")
    if estimate.factors is not None and not isinstance(estimate.factors, tuple | list):
        raise NoAnswer(f"returned {_type(estimate.factors)} as factors, not a tuple of NumPy arrays")
    if estimate.parts is not None and not isinstance(estimate.parts, Mapping):
        raise NoAnswer(f"returned {_type(estimate.parts)} as parts, not a mapping from names to NumPy arrays")
    return estimate.answer


def _check_value(value: object, shape: Shape | Mapping[str, Shape] | None, optional: frozenset[str], what: str) -> None:
    """Raise NoAnswer for other types or shapes than those asked for; factors are not composed, which takes its time."""
    if isinstance(value, Mapping):
        _check_parts(value, shape, optional, what)
    elif isinstance(value, tuple | list):
        _check_factors(value, what)
        if isinstance(shape, Mapping):
            raise NoAnswer(f"{what} factors, where these parts were asked for: {', '.join(shape)}")
        if shape is not None and (composed := _composed_shape(value)) != tuple(shape):
            raise NoAnswer(f"{what} factors of shape {composed}, where {shape} was asked for")
    else:
        _check_array(value, shape, what)


def _check_parts(
    parts: Mapping, shape: Shape | Mapping[str, Shape] | None, optional: frozenset[str], what: str
) -> None:
    if isinstance(shape, tuple):
        raise NoAnswer(f"{what} parts, where one signal of shape {shape} was asked for")
    if not parts:
        raise NoAnswer(f"{what} the parts none, where {'some' if shape is None else ', '.join(shape)} were asked for")
    if shape is not None:
        names = set(shape)
        if not names - optional <= set(parts) <= names:
            raise NoAnswer(f"{what} the parts {', '.join(parts)}, where these were asked for: {', '.join(shape)}")
    wanted = dict.fromkeys(parts) if shape is None else shape
    for name, own in parts.items():
        _check_array(own, wanted[name], f"{what} in part {name!r}")


def _check_factors(factors: tuple | list, what: str) -> None:
    for factor in factors:
        if not isinstance(factor, np.ndarray) or factor.ndim < 2:
            raise NoAnswer(f"{what} {_type(factor)} among the factors, which are NumPy arrays of shape (..., rank)")
    if not factors or len({factor.shape[-1] for factor in factors}) != 1:
        ranks = ", ".join(str(factor.shape[-1]) for factor in factors) or "none"
        raise NoAnswer(f"{what} factors whose last axes differ: {ranks}")
    for factor in factors:
        _check_array(factor, None, what)


def _composed_shape(factors: tuple | list) -> Shape:
    return tuple(size for factor in factors for size in factor.shape[:-1])


def _check_array(array: object, shape: object, what: str) -> None:
    if not isinstance(array, np.ndarray):
        raise NoAnswer(f"{what} {_type(array)}, not a NumPy array")
    if np.ma.is_masked(array):
        raise NoAnswer(f"{what} masked values: fill them, as every value is scored")
    if isinstance(shape, Mapping):
        raise NoAnswer(f"{what} one signal, where these parts were asked for: {', '.join(shape)}")
    if shape is not None and array.shape != tuple(shape):
        raise NoAnswer(f"{what} shape {array.shape}, where {shape} was asked for")
    if np.iscomplexobj(array):
        raise NoAnswer(f"{what} complex values")
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool):
        raise NoAnswer(f"{what} values of type {array.dtype}, which are no numbers")


def _type(value: object) -> str:
    """Return the type of a value as a message names it, with its package where it has one."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
