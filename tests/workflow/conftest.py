"""Copies of the repository to run the workflow in, a way to run it, and runs that several tests look at."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).parents[2]
PARTS = (
    *("Snakefile", "workflow", "config", "profiles", "environment.yml", "pyproject.toml"),
    *("benchmark", "deeptensor", "baselines", "datasets", "tasks", "experiments", "sources"),
    *("tests/conftest.py", "tests/fixtures", "tests/baselines"),
)
MADE = ("results", "logs", "resources", ".snakemake", "run.json")
DEMO_FILES = ("noisy", "clean", "svd", "deeptensor_cube")


class Tree:
    """A checkout with two experiments of its own, `demo` and `scan`, that share neither task, data, noise nor method.

    `demo` denoises the data set `tiny` with two controls, SVD and a short fit, and takes in every method that is added;
    `scan` reconstructs a file of the user's, `scene.npy`, from projections.
    """

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def of_repository(cls, path: Path) -> "Tree":
        """Return a copy of the repository in which nothing has run."""
        for part in PARTS:
            source, target = ROOT / part, path / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)
        tree = cls(path)
        np.save(path / "scene.npy", np.random.default_rng(0).random((12, 10, 3)))
        tree.configure()
        tree.experiment("demo")
        tree.experiment("scan")
        return tree

    def copy(self, path: Path, without: tuple[str, ...] = ()) -> "Tree":
        """Return a copy, with the times of its files, but for some files and folders."""
        shutil.copytree(self.path, path, ignore=shutil.ignore_patterns(*without), symlinks=True)
        return Tree(path)

    def configure(self, **config: object) -> None:
        """Write the config, of the profile `test`, with settings replaced."""
        settings = {
            "profile": "test",
            "folders": ["mine"],
            "mirror": "tests/fixtures/mirror",
            "profiles": {"test": {"time_limit": 300}},
        }
        self.write("test.yaml", settings | config)

    def experiment(self, name: str, **changes: object) -> None:
        """Write an experiment with keys changed, of the two that there are or another."""
        self.write(f"mine/{name}.yaml", EXPERIMENTS.get(name, {}) | changes)

    def settings(self, name: str) -> dict:
        """Return an experiment as it stands in its file."""
        return yaml.safe_load((self.path / "mine" / f"{name}.yaml").read_text())

    def write(self, name: str, content: str | dict) -> Path:
        """Write a file, of a mapping as YAML."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        return path

    def add_method(self, name: str, body: str, task: str = "denoise", literals: str = "") -> None:
        """Drop a method file for a task in, whose `solve` has the given body."""
        self.write(
            f"baselines/{name}.py",
            f'"""A method made by a test."""\n\nimport time\n\nimport numpy as np\n\n'
            f"from benchmark.contract import Estimate, Skipped, Snapshot\n\n"
            f'LABEL = "Test {name}"\nFAMILY = "test"\nTASKS = {{"{task}"}}\nDEVICES = {{"cpu"}}\n{literals}\n\n\n'
            f"def solve(problem, *, seed: int, device: str):\n    {body}\n",
        )

    def start(self, *arguments: str, config: str | None = "test.yaml", **environment: str) -> subprocess.Popen:
        """Start Snakemake in a process group of its own."""
        files = ["--configfile", config] if config else []
        clean = {key: value for key, value in os.environ.items() if key not in ("DEEPTENSOR_MIRROR", "PYTHONPATH")}
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *files, "--cores", "2", *arguments],
            cwd=self.path,
            env=clean | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def snakemake(
        self, *arguments: str, config: str | None = "test.yaml", seconds: float = 300, **environment: str
    ) -> tuple[int, str]:
        """Run Snakemake for so many seconds at most; return its exit status and all that it printed."""
        process = self.start(*arguments, config=config, **environment)
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, output

    def done(self, *arguments: str, config: str | None = "test.yaml", **environment: str) -> str:
        """Run Snakemake to a good end; return all that it printed."""
        status, output = self.snakemake(*arguments, config=config, **environment)
        assert status == 0, output
        return output

    @staticmethod
    def messages_of(output: str) -> list[str]:
        """Return the messages of the jobs in what Snakemake printed, but for the target's, which makes nothing."""
        return [own for own in re.findall(r"^Job \d+: (.*)$", output, re.M) if own != "every result is there"]

    def planned(self, *arguments: str) -> list[str]:
        """Return the messages of the jobs that are due; Snakemake has to say so where there are none."""
        output = self.done("--dry-run", *arguments)
        jobs = self.messages_of(output)
        assert jobs or "Nothing to be done" in output, output
        return jobs


EXPERIMENTS = {
    "demo": {
        "title": "Demo",
        "task": "denoise",
        "data": {"tiny": {"rank": 3}},
        "noise": {"photons-100": {"model": "poisson", "photons": 100, "readout": 2}},
        "methods": [
            *("noisy", "clean", "svd"),
            {"name": "deeptensor", "file": "deeptensor_cube", "params": {"iterations": 3, "channels": 4}},
            {"all_except": sorted({path.stem for path in (ROOT / "baselines").glob("*.py")} - set(DEMO_FILES))},
        ],
        "subject": "deeptensor",
        "figures": ["reconstructions"],
        "claims": [
            {
                "id": "demo",
                "claim": "SVD denoises.",
                "conditions": [
                    {
                        "effect": "PSNR over the noisy cube [dB]",
                        "statistic": "difference",
                        "metric": "psnr",
                        "of": "svd",
                        "to": ["noisy"],
                        "above": 0,
                    }
                ],
            }
        ],
    },
    "scan": {
        "title": "Scan",
        "task": "recover",
        "data": {"scene": {"file": "cube", "rank": 2, "params": {"path": "scene.npy"}}},
        "noise": {"radon-8": {"model": "gaussian", "sigma": 0.01, "operator": {"kind": "radon", "angles": 8}}},
        "methods": ["fbp"],
    },
}


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Return a function that lets a folder be made by the first test process that asks for it."""
    folder = tmp_path_factory.getbasetemp()
    common = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder

    def made(name: str, make: Callable[[Path], object]) -> Path:
        whole, partial = common / name, common / f"{name}-partial"
        with (common / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                shutil.rmtree(partial, ignore_errors=True)
                make(partial)
                partial.rename(whole)
        return whole

    return made


@pytest.fixture(scope="session")
def tree_once(once) -> Callable[[str, Callable[[Tree], object]], Tree]:
    """Return a function that lets something be done in a copy of the repository, once for all tests."""
    return lambda name, act: Tree(once(name, lambda path: act(Tree.of_repository(path))))


@pytest.fixture(scope="session")
def finished(tree_once) -> Tree:
    """Return a checkout in which both experiments have run, to look at: tests that change something take a copy."""
    return tree_once("finished", Tree.done)


@pytest.fixture(scope="session")
def run_once(once, finished) -> Callable[..., tuple[Tree, int, str]]:
    """Return a function that runs Snakemake in a copy of the finished checkout, after changes, once for all tests.

    It returns the checkout, which is to look at, the exit status, and what was printed.
    """

    def run(name: str, change: Callable[[Tree], object], *arguments: str) -> tuple[Tree, int, str]:
        def make(path: Path) -> None:
            tree = finished.copy(path)
            change(tree)
            tree.write("run.json", json.dumps(tree.snakemake(*arguments)))

        tree = Tree(once(name, make))
        return tree, *json.loads((tree.path / "run.json").read_text())

    return run


@pytest.fixture
def tree(finished, tmp_path) -> Tree:
    """Return a checkout of the test's own in which both experiments have run."""
    return finished.copy(tmp_path / "checkout")


@pytest.fixture
def fresh(finished, tmp_path) -> Tree:
    """Return a checkout of the test's own in which nothing has run."""
    return finished.copy(tmp_path / "checkout", without=MADE)
