"""A copy of the repository to run the workflow in, and a way to run it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "workflow", "config", "profiles", "benchmark", "deeptensor", "baselines", "datasets")


class Tree:
    """A checkout of its own, with a tiny experiment."""

    def __init__(self, path: Path):
        self.path = path
        for part in (*PARTS, "environment.yml", "pyproject.toml", "tests/fixtures", "tests/baselines"):
            source, target = ROOT / part, path / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)

    def configure(self, experiment: dict | None = None, **config: object) -> None:
        """Write a config of one experiment, `demo`, with settings of it and of the config replaced."""
        demo = {
            "title": "Demo",
            "mirrors": "Figure 0",
            "departures": "All of it.",
            "duration": "seconds",
            "task": "denoise",
            "datasets": ["tiny"],
            "noise": ["photons-100"],
            "methods": ["noisy", "svd"],
            "seeds": [0],
            "figures": [],
        }
        settings = {
            "profile": "test",
            "select": ["demo"],
            "mirror": "tests/fixtures/mirror",
            "datasets": {"tiny": {"rank": 3}},
            "experiments": {"demo": demo | (experiment or {})},
        }
        (self.path / "test.yaml").write_text(yaml.safe_dump(settings | config))

    def add_method(self, name: str, body: str) -> None:
        """Drop a method file in, whose `solve` has the given body."""
        (self.path / "baselines" / f"{name}.py").write_text(
            f'"""A method made by a test."""\n\nimport time\n\nimport numpy as np\n\n'
            f"from benchmark.contract import Estimate\n\n"
            f'LABEL = "Test {name}"\nTASKS = {{"denoise"}}\nDEVICES = {{"cpu"}}\n\n\n'
            f"def solve(problem, *, seed, device, strength=1.0):\n    {body}\n"
        )

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        """Start Snakemake in a process group of its own."""
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "test.yaml", *arguments]
        clean = {key: value for key, value in os.environ.items() if key not in ("DEEPTENSOR_MIRROR", "PYTHONPATH")}
        return subprocess.Popen(
            command,
            cwd=self.path,
            env=clean | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def snakemake(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run Snakemake; return its exit status and all that it printed."""
        process = self.start(*arguments, **environment)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output


@pytest.fixture
def tree(tmp_path):
    """Return a fresh copy of the repository."""
    return Tree(tmp_path / "checkout")
