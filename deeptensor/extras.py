"""Packages that parts of the library need and a plain installation leaves out: they are imported when first used."""

from collections.abc import Iterator
from contextlib import contextmanager

FILES = "'deeptensor-benchmark[files]'"


@contextmanager
def needed(package: str, by: str, install: str = "'deeptensor-benchmark[sklearn]'") -> Iterator[None]:
    """Turn an ImportError of the imports in this block into one that says what needs them, and how to install them."""
    try:
        yield
    except ImportError as error:
        raise ImportError(f"{by} needs {package}: pip install {install} ({error})") from None
