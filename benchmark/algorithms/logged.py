"""Warnings of other libraries, sent to a log."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def logged_warnings(log: logging.Logger) -> Iterator[None]:
    """Log the Python warnings of the block, once it has ended, in place of printing them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for warning in caught:
                log.warning("%s: %s", warning.category.__name__, warning.message)
