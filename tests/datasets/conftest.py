"""What the tests of data sets share: loading a file of `datasets/` the way the benchmark does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.contract import Item
from benchmark.loaders.signals import validated
from benchmark.loading import load_module

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def load() -> Callable[..., list[Item]]:
    """Return a function of a data set's name, the folder of its downloads, and its parameters."""

    def loaded(name: str, folder: Path, **params: object) -> list[Item]:
        module = load_module(ROOT / "datasets" / f"{name}.py")
        return validated(module.load(folder, **params), module.KIND)

    return loaded
