"""What all tests share: one thread a process, how many of those, and their order."""

import os

import pytest

# Tests run side by side, and small arrays gain nothing from more threads.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is not loaded there is no such hook
def pytest_xdist_auto_num_workers() -> int:
    """Return one more than there are cores: the tests of clusters, servers and time limits mostly wait."""
    return os.cpu_count() + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with Slurm, then what else runs the workflow: the longest first, so that none is left alone at the end."""
    items.sort(key=lambda item: (item.path.stem != "test_slurm", "workflow" not in item.path.parts))
