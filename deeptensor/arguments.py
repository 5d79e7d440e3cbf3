"""Checks of arguments: ValueError names the argument, what it takes, and what was given."""

from collections.abc import Iterable
from math import inf
from numbers import Integral, Real
from reprlib import repr as shortened


def check_whole(name: str, value: object, least: int = 1) -> None:
    """Refuse all but whole numbers from `least` on."""
    _require(name, value, _is_number(value, Integral) and value >= least, f"a whole number of at least {least}")


def check_positive(name: str, value: object) -> None:
    """Refuse all but finite numbers above 0."""
    _require(name, value, _is_number(value) and 0 < value < inf, "a positive number")


def check_not_negative(name: str, value: object) -> None:
    """Refuse all but finite numbers from 0 on."""
    _require(name, value, _is_number(value) and 0 <= value < inf, "a number that is not negative")


def check_share(name: str, value: object) -> None:
    """Refuse all but numbers between 0 and 1, without these."""
    _require(name, value, is_share(value), "a number between 0 and 1")


def check_flag(name: str, value: object) -> None:
    """Refuse all but True and False."""
    _require(name, value, isinstance(value, bool), "True or False")


def check_choice(name: str, value: object, known: Iterable[str]) -> None:
    """Refuse all but the known names."""
    known = list(known)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"unknown {name} {shortened(value)}; there are: {', '.join(known)}")


def check_type(name: str, value: object, kind: type, example: str) -> None:
    """Refuse all but instances of a class; the class itself is none."""
    _require(name, value, isinstance(value, kind) and not isinstance(value, type), example)


def is_share(value: object) -> bool:
    """Tell whether this is a number between 0 and 1."""
    return _is_number(value) and 0 < value < 1


def _is_number(value: object, kind: type = Real) -> bool:
    # Python counts True as 1; who gives it for a number means something else.
    return isinstance(value, kind) and not isinstance(value, bool)


def _require(name: str, value: object, holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"{name} must be {what}, not {shortened(value)}")
