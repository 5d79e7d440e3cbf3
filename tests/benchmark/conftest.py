"""Rows of scores, and small checkouts to plan in."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from benchmark.experiments import Experiment
from benchmark.forkserver import ADDRESS, serve
from benchmark.methods import limited_to
from benchmark.plan import Plan
from benchmark.source import ROOT
from tests.disks import mounted

METHOD = '''"""A method."""

from typing import Literal

from benchmark.contract import Estimate

LABEL = "One"
FAMILY = "first"
TASKS = {"mend"}
DEVICES = {"cpu"}


def solve(problem, *, seed: int, device: str, strength: float = 1.0, steps: int = 10, kind: Literal["a", "b"] = "a"):
    return Estimate(signal=problem.observed)
'''
DATASET = '''"""A scene."""

import numpy as np

from benchmark.contract import Item

KIND = "stack"
TITLE = "Scene"
STANDS_IN_FOR = "a better one"


def load(folder, *, size: int = 3, bands: int = 2, path: str | None = None):
    return [Item("cube", np.linspace(0, 1, size * size * bands).reshape(size, size, bands))]
'''
TASK = '''"""A signal, mended."""

from functools import partial

from benchmark.contract import Posed
from benchmark.metrics import psnr

KINDS = {"stack"}
MEASURES = ["psnr", "ssim"]
FIGURES = {"losses", "convergence"}
FLOOR, CEILING = None, None


def pose(item, observation, rng, *, share: float = 0.25):
    return Posed(observation.draw(item.signal, rng), {"signal": item.signal})


def answer_shape(problem):
    return problem.observed.shape


def measures(problem, truth):
    return {"psnr": partial(psnr, truth["signal"], data_range=1.0)}


def tiny():
    return {}
'''


class House:
    """A checkout of its own, of which nothing but the suite itself is the repository's.

    It has the methods `one`, `two`, and `other`, which is for another task, the data sets `scene` and `people`, the
    tasks `mend` and `tell`, and a source, `paper`.
    """

    def __init__(self, root: Path):
        self.root = root
        for folder in ("baselines", "datasets", "tasks", "experiments", "sources", "config"):
            (root / folder).mkdir(parents=True)
        for folder in ("benchmark", "deeptensor"):
            (root / folder).symlink_to(ROOT / folder)
        self.write("config/config.yaml", (ROOT / "config" / "config.yaml").read_text())
        self.write("baselines/one.py", METHOD)
        self.write("baselines/two.py", METHOD.replace("One", "Two"))
        self.write("baselines/other.py", METHOD.replace("One", "Other").replace("mend", "tell"))
        self.write("datasets/scene.py", DATASET)
        self.write("datasets/people.py", DATASET.replace("Scene", "People").replace('"stack"', '"samples"'))
        self.write("tasks/mend.py", TASK)
        self.write("tasks/tell.py", TASK.replace("mended", "told").replace('{"stack"}', '{"samples"}'))
        self.write("sources/paper.yaml", {"title": "Paper", "citation": "Somebody 2020", "subject": "One"})

    def write(self, name: str, content: str | dict) -> Path:
        """Write a file, of a mapping as YAML."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        return path

    def experiment(self, name: str = "first", **changes: object) -> dict:
        """Write an experiment of the methods `one` and `two` on `scene`, with the given keys changed; return it."""
        content = {
            "title": "First",
            "task": "mend",
            "data": {"scene": {"rank": 2}},
            "noise": {"weak": {"model": "gaussian", "sigma": 0.1}},
            "methods": ["one", "two"],
        } | changes
        self.write(f"experiments/{name}.yaml", content)
        return content

    def plan(self, **config: object) -> Plan:
        """Return the plan of the house, of the profile `embedded` where the config names no other."""
        return Plan.read(config, self.root)

    def first(self, profile: str = "embedded", **changes: object) -> Experiment:
        """Return the experiment `first`, with keys changed, as a profile has it."""
        self.experiment(**changes)
        return self.plan(profile=profile).experiments["first"]


@pytest.fixture
def house(tmp_path):
    """Return a small checkout."""
    return House(tmp_path / "house")


@pytest.fixture
def row():
    """Return a maker of valid rows of scores: a record of the schema with the given columns changed."""

    def make(**changes):
        return {
            "task": "denoise",
            "dataset": "toy",
            "item": "cube",
            "rank": 4,
            "noise": "gaussian",
            "method": "svd",
            "file": "svd",
            "label": "SVD",
            "family": "low rank",
            "iterate": "returned",
            "seed": 0,
            "metric": "psnr",
            "value": 30.0,
            "higher_is_better": True,
            "status": "ok",
            "message": None,
            "iterations": None,
            "seconds": 2.0,
            "warmup_seconds": 0.5,
            "peak_rss_mib": 100.0,
            "peak_gpu_mib": None,
            "params": "{}",
            "licence_note": None,
            "control": False,
            "code_sha256": "a" * 64,
            "data_sha256": "b" * 64,
            "git_commit": "1234567",
            "git_dirty": False,
            "device_name": "cpu",
            "cpu_name": "Processor",
            "threads": 1,
            "torch": "2.13.0",
            "python": "3.11.2",
            "started": "2025-01-01T00:00:00+00:00",
            "schema": 2,
        } | changes

    return make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a disk of 5 MB."""
    with mounted(tmp_path / "small", 5) as folder:
        yield folder


@pytest.fixture
def ends():
    """Return a way to tell whether a process is at its end, or comes to it soon; a signal takes a moment to arrive."""

    def lives(pid):
        try:  # one that ended may wait for its parent to notice
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def call(pid):
        deadline = time.monotonic() + 20
        while lives(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        return not lives(pid)

    return call


@pytest.fixture(scope="session")
def forker(tmp_path_factory):
    """Start the process that forks workers; return its number, what the environment says of it, a folder of modules.

    What lies in the folder it can fork, too.
    """
    modules = tmp_path_factory.mktemp("modules")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ADDRESS, "")
        serve(limited_to(1) | {"PYTHONPATH": f"{modules}:{ROOT}"})
        [own] = [child for child in psutil.Process().children() if "benchmark.forkserver" in child.cmdline()]
        said = os.environ[ADDRESS]
    yield own.pid, said, modules
    own.kill()
    own.wait()
    shutil.rmtree(Path(said.rpartition(":")[2]).parent)


@pytest.fixture
def server(forker, monkeypatch):
    """Say in the environment that there is the process that forks workers; return its number."""
    monkeypatch.setenv(ADDRESS, forker[1])
    return forker[0]
