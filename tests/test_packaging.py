"""pyproject.toml, constraints.txt and environment.yml say the same, and what is installed is the library alone."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, distributions, packages_distributions, requires, version
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmark.source import ROOT, literals_of

CONDA_NAMES = {"pytorch": "torch"}

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
)
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]

LIBRARY = ["numpy", "torch", "tqdm"]
SUITE = ["workflow", "benchmark", "tasks", "baselines", "datasets", "bench"]


def requirements_of(*extras: str) -> dict[str, Requirement]:
    """Return the requirements of the library with these extras, by name; an extra may include another."""
    texts = PROJECT["dependencies"] + [text for extra in extras for text in PROJECT["optional-dependencies"][extra]]
    wanted = {}
    for requirement in map(Requirement, texts):
        if requirement.name == PROJECT["name"]:
            wanted |= requirements_of(*requirement.extras)
        else:
            wanted[requirement.name] = requirement
    return wanted


EVERYTHING = requirements_of(*PROJECT["optional-dependencies"])


def installed(name: str) -> str:
    """Return the version that is here, without the part that names a build."""
    return version(name).partition("+")[0]


def imports_of(*places: str) -> dict[str, str]:
    """Return the packages that the Python files of these places import, each with a file that does.

    What a method's file says in `REQUIRES` does not count: without it that method is skipped.
    """
    found = {}
    for place in places:
        for path in sorted((ROOT / place).rglob("*.py")):
            nodes = list(ast.walk(ast.parse(path.read_text())))
            names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
            names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
            packages = {name.partition(".")[0] for name in names} - set(literals_of(path).get("REQUIRES", []))
            found |= dict.fromkeys(packages, str(path))
    own = {path.stem for path in ROOT.iterdir()}
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | own}


def undeclared(imported: dict[str, str], requirements: dict[str, Requirement]) -> dict[str, str]:
    """Return the imported packages that no distribution of the requirements provides, each with its file."""
    known, wanted = packages_distributions(), set(map(canonicalize_name, requirements))
    providers = {name: {canonicalize_name(own) for own in known.get(name, [name])} for name in imported}
    return {name: path for name, path in imported.items() if not providers[name] & wanted}


def test_the_library_requires_three_packages_and_the_suite_all_that_the_library_can_use():
    assert sorted(requirements_of()) == LIBRARY
    assert set(PROJECT["optional-dependencies"]) == {"sklearn", "files", "benchmark", "slurm", "bm3d", "dev"}
    assert set(requirements_of("sklearn")) - set(LIBRARY) == {"scikit-learn", "scipy", "tensorly"}
    assert set(requirements_of("sklearn", "files")) <= set(requirements_of("benchmark"))


def test_every_requirement_is_pinned_exactly():
    assert set(EVERYTHING) <= set(PINS)
    assert PINS["torch"] == "2.13.0"


def test_what_requirements_draw_in_is_pinned_too():
    queue = [requirement for name, requirement in EVERYTHING.items() if any(distributions(name=name))]
    seen, unpinned = set(), {}
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if (name, *requirement.extras) in seen or name == "torch":  # what it draws in depends on the GPU
            continue
        seen.add((name, *requirement.extras))
        if PINS.get(name) != installed(name):
            unpinned[name] = installed(name)
        environments = [default_environment() | {"extra": extra} for extra in ("", *requirement.extras)]
        drawn = map(Requirement, requires(name) or [])
        queue += [own for own in drawn if own.marker is None or any(map(own.marker.evaluate, environments))]
    assert not unpinned


def test_conda_gets_the_same_packages_in_the_same_versions():
    conda = dict(entry.split("=") for entry in ENVIRONMENT if isinstance(entry, str) and "=" in entry)
    by_pip = dict(entry.split("==") for entry in ENVIRONMENT[-1]["pip"])
    assert conda.pop("python") == PROJECT["requires-python"].removeprefix(">=")
    conda = {CONDA_NAMES.get(name, name): pinned for name, pinned in conda.items()}
    assert set(conda) == set(requirements_of("benchmark"))
    assert set(by_pip) == set(requirements_of("bm3d")) - set(LIBRARY)
    assert conda | by_pip == {name: PINS[name] for name in conda | by_pip}


@pytest.mark.parametrize("name", sorted(requirements_of("benchmark")))
def test_the_tests_run_with_the_pinned_versions(name):
    assert installed(name) == PINS[name], "make test sets up the pinned environment"


@pytest.mark.parametrize(
    ("places", "extras"),
    [
        (["deeptensor"], ["benchmark"]),
        (SUITE, ["benchmark", "bm3d"]),
        (["examples"], ["benchmark"]),
        (["tests"], ["benchmark", "bm3d", "dev"]),
    ],
    ids=lambda names: ",".join(names),
)
def test_what_is_imported_is_required(places, extras):
    assert not undeclared(imports_of(*places), requirements_of(*extras))


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> Path:
    """Return a folder into which pip has installed this project without what it requires."""
    if not (find_spec("setuptools") and find_spec("pip")):
        pytest.skip("setuptools and pip build the distribution, and one of them is not here")
    # pip builds in the folder that it is given, so a copy: of what it needs, and of a folder that it must leave out.
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("deeptensor", "benchmark", "baselines"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--no-compile", "--quiet", "--target", target]
    command = [sys.executable, "-m", "pip", "install", *options, source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return target


def test_the_library_alone_is_installed_all_of_it(target):
    assert [path.name for path in target.iterdir() if path.suffix != ".dist-info"] == ["deeptensor"]
    modules, expected = ({path.name for path in (place / "deeptensor").iterdir()} for place in (target, ROOT))
    assert modules == expected - {"__pycache__"}


def test_the_metadata_of_what_is_installed_requires_three_packages_and_leaves_the_others_to_extras(target):
    (metadata,) = target.glob("*.dist-info")
    needed = [Requirement(text) for text in Distribution.at(metadata).requires]
    assert sorted(own.name for own in needed if own.marker is None) == LIBRARY
    assert all(re.fullmatch(r'extra == "\w+"', str(own.marker)) for own in needed if own.marker)


def test_the_installed_library_fits_outside_a_checkout(target, tmp_path):
    program = (
        f"import sys; sys.path.insert(0, {str(target)!r})\n"
        "import numpy, deeptensor\n"
        f"assert deeptensor.__file__.startswith({str(target)!r})\n"
        "U, s, Vh = deeptensor.svd(numpy.eye(4), 2, network=deeptensor.Network('mlp', channels=4), iterations=2)\n"
        "print(U.shape, s.shape, Vh.shape)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "(4, 2) (2,) (2, 4)\n", done.stderr
