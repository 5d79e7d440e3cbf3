"""Settings that are one of a few words or numbers, which the signature of a function lists as `Literal`."""

from collections.abc import Callable
from typing import get_args


def check_choices(function: Callable, **values: object) -> None:
    """Raise ValueError for a value that the function's annotation of the parameter of that name does not list."""
    for name, value in values.items():
        known = get_args(function.__annotations__[name])
        if value not in known:
            raise ValueError(f"unknown {name} {value!r}; there are: {', '.join(map(str, known))}")
