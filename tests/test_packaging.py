"""environment.yml, pyproject.toml and constraints.txt say the same."""

import re
import tomllib
from importlib.metadata import version

import pytest
import yaml

from benchmark.plan import ROOT

CONDA_NAMES = {"pytorch": "torch"}

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
)
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]


def name_of(requirement):
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0]


def test_every_requirement_is_pinned_exactly():
    wanted = PROJECT["dependencies"] + [r for extra in PROJECT["optional-dependencies"].values() for r in extra]
    assert {name_of(requirement) for requirement in wanted} <= set(PINS)
    assert PINS["torch"] == "2.13.0"


def test_conda_gets_the_same_packages_in_the_same_versions():
    conda = dict(entry.split("=") for entry in ENVIRONMENT if isinstance(entry, str) and "=" in entry)
    by_pip = dict(entry.split("==") for entry in ENVIRONMENT[-1]["pip"])
    assert conda.pop("python") == PROJECT["requires-python"].removeprefix(">=")
    conda = {CONDA_NAMES.get(name, name): pinned for name, pinned in conda.items()}
    assert set(conda) == {name_of(requirement) for requirement in PROJECT["dependencies"]}
    assert {name_of(requirement) for requirement in PROJECT["optional-dependencies"]["bm3d"]} <= set(by_pip)
    assert conda | by_pip == {name: PINS[name] for name in conda | by_pip}


@pytest.mark.parametrize("name", [name_of(requirement) for requirement in PROJECT["dependencies"]])
def test_the_tests_run_with_the_pinned_versions(name):
    assert version(name).partition("+")[0] == PINS[name], "make test sets up the pinned environment"
