"""What all tests share: one thread a process, and their order."""

import os

import pytest

# Tests run side by side, and small arrays gain nothing from more threads.
os.environ["OMP_NUM_THREADS"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with what runs the workflow: the longest tests, so that none of them is left alone at the end."""
    items.sort(key=lambda item: "workflow" not in item.path.parts)
