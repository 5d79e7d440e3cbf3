"""A run of a method, and what a method's file says of itself without being run.

A job for each run starts with this: it imports nothing that takes long.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmark.source import ROOT, code_of

# What decides what a method's file answers.
METHOD = ("solve", "solve_many", "SEES_TRUTH", "COMPLETE")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Run:
    """One job of a method: all items of a data set under one noise and seed."""

    experiment: str
    task: str
    dataset: str
    noise: str
    method: str
    seed: int
    file: str
    params: Mapping[str, Any]
    observation: Mapping[str, Any]
    device: str
    threads: int

    @property
    def task_file(self) -> str:
        """The file of the task."""
        return f"tasks/{self.task}.py"

    @property
    def folder(self) -> str:
        """Where the run lies below the folder of its profile."""
        return f"runs/{self.experiment}/{self.dataset}/{self.noise}/{self.method}/{self.seed}"


def method_code(path: Path, root: Path = ROOT) -> str:
    """Return a digest of all that decides what a method's file answers."""
    return code_of(path, *METHOD, root=root)


def limited_to(threads: int) -> dict[str, str]:
    """Return the variables of the environment that keep a process to so many threads."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


def missing_packages(names: Iterable[str]) -> list[str]:
    """Return those of the packages, such as a method's file names in `REQUIRES`, that are not installed."""
    return [name for name in names if not _is_there(name)]


def _is_there(name: str) -> bool:
    """Tell whether a module can be imported."""
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # the package of it is not there, or it is no name of one
        return False
