"""What the config asks for: which files, parameters and runs, checked before anything starts.

Reads method and data-set files with `ast`, so that planning imports neither torch nor NumPy.
"""

import ast
import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# They decide what is run and where it is written, not what comes out.
PLUMBING = {"benchmark.plan", "benchmark.loading", "benchmark.job"}
# What can be asked of a method: a signal from its noisy self, from itself with outliers, from coded frames, or from a
# sinogram; vectors that span samples, the samples' covariance, and non-negative factors.
TASKS = ("denoise", "outliers", "video", "tomography", "basis", "covariance", "factorise")


class PlanError(ValueError):
    """The config asks for something that is not there; the message lists what is."""


@dataclass(frozen=True)
class Entry:
    """A method or data set of the config: its file, parameters, the file's literals, and its other settings."""

    name: str
    path: Path
    params: Mapping
    literals: Mapping
    settings: Mapping

    @property
    def label(self) -> str:
        """The name in tables and figures: the entry's, else the file's, told apart where the names differ."""
        own = self.literals.get("LABEL", self.name)
        return self.settings.get("label", own if self.name == self.path.stem else f"{own} ({self.name})")


@dataclass(frozen=True)
class Run:
    """One job of a method: all items of a data set under one noise and seed."""

    task: str
    dataset: str
    noise: str
    method: str
    seed: int


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(), filename=str(path))


def literals_of(path: Path) -> dict:
    """Return the upper-case constants that a file assigns at top level."""
    pairs = [
        (node.targets[0].id, node.value)
        for node in parsed(path).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
    ]
    found = {}
    for name, value in pairs:
        try:
            found[name] = ast.literal_eval(value)
        except ValueError:  # an expression, not a literal: private to the file
            continue
    return found


def parameters_of(path: Path, function: str) -> dict[str, bool]:
    """Return the keyword-only parameters of a function of a file, and whether each has a default."""
    for node in parsed(path).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            names = [argument.arg for argument in node.args.kwonlyargs]
            return {
                name: default is not None
                for name, default in zip(names, node.args.kw_defaults, strict=True)
                if name not in {"seed", "device"}
            }
    raise PlanError(f"{path} has no function `{function}`; see README.md for the contract of such a file")


def sources_of(path: Path, root: Path = ROOT) -> list[Path]:
    """Return a file and every module of this project that it imports, directly or not."""
    seen: dict[Path, None] = {}
    queue = [path]
    while queue:
        current = queue.pop()
        if current in seen:
            continue
        seen[current] = None
        for name in imported_by(current):
            package, *rest = name.split(".")
            if package not in {"benchmark", "deeptensor"} or name in PLUMBING:
                continue
            module = root.joinpath(package, *rest).with_suffix(".py")
            queue += [module] if module.is_file() else sorted((root / package).glob("*.py")) if not rest else []
    return list(seen)


def digest_of(paths: Iterable[Path]) -> str:
    """Return a digest of the contents of files, whatever their names and order."""
    digests = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


@cache
def imported_by(path: Path) -> set[str]:
    """Return the dotted names of the modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def missing_packages(literals: Mapping) -> list[str]:
    """Return the packages that a method file names in `REQUIRES` and that are not installed."""
    return [name for name in literals.get("REQUIRES", []) if find_spec(name) is None]


def read_methods(config: Mapping, root: Path = ROOT) -> dict[str, Entry]:
    """Return every method: each config entry, and each file of `baselines/` that no entry uses, under its own name."""
    configured = {name: dict(entry) for name, entry in config["methods"].items()}
    used = {entry.get("file", name) for name, entry in configured.items()}
    for path in sorted((root / "baselines").glob("[!_]*.py")):
        if path.stem not in used:
            configured[path.stem] = {}
    methods = {
        name: read_entry("method", name, entry, root / "baselines", "solve") for name, entry in configured.items()
    }
    for name, entry in methods.items():
        if missing := {"LABEL", "TASKS", "DEVICES"} - set(entry.literals):
            raise PlanError(f"method {name!r}: baselines/{entry.path.name} must state {listing(missing)} as a literal")
        for key in ("experiments", "datasets"):
            if unknown := set(entry.settings.get(key, ())) - set(config[key]):
                raise PlanError(
                    f"method {name!r}: unknown {key} {listing(unknown)}; config has: {listing(config[key])}"
                )
        if unknown := set(entry.literals["TASKS"]) - set(TASKS):
            raise PlanError(
                f"method {name!r}: baselines/{entry.path.name} names an unknown task {listing(unknown)}; "
                f"there are: {listing(TASKS)}"
            )
    return methods


def read_datasets(config: Mapping, root: Path = ROOT) -> dict[str, Entry]:
    """Return every data set of the config."""
    return {
        name: read_entry("data set", name, entry, root / "datasets", "load")
        for name, entry in config["datasets"].items()
    }


def read_entry(kind: str, name: str, entry: Mapping, folder: Path, function: str) -> Entry:
    """Return a config entry with its file found and its parameters checked against the file's function."""
    if not NAME.fullmatch(name):
        raise PlanError(f"{kind} name {name!r} becomes a folder: use letters, digits, '_', '-' and '.' only")
    settings = dict(entry)
    stem, params = settings.pop("file", name), settings.pop("params", {})
    path = folder / f"{stem}.py"
    if not path.is_file():
        raise PlanError(f"{kind} {name!r}: no file {folder.name}/{stem}.py; there are: {listing(stems(folder))}")
    known = parameters_of(path, function)
    for parameter in params:
        if parameter not in known:
            raise PlanError(
                f"{kind} {name!r}: unknown parameter {parameter!r}; "
                f"{folder.name}/{stem}.py takes: {listing(known) or 'none'}"
            )
    for parameter, has_default in known.items():
        if not has_default and parameter not in params:
            raise PlanError(f"{kind} {name!r}: {folder.name}/{stem}.py needs the parameter {parameter!r}")
    return Entry(name, path, params, literals_of(path), settings)


def stems(folder: Path) -> list[str]:
    """Return the names of the files of a folder that can be chosen."""
    return [path.stem for path in folder.glob("[!_]*.py")]


def listing(names: Iterable) -> str:
    """Return names sorted and comma-separated, for a message."""
    return ", ".join(sorted(map(str, names)))


def selected(config: Mapping) -> list[str]:
    """Return the experiments to run, each known."""
    for name in config["select"]:
        if name not in config["experiments"]:
            raise PlanError(f"select: unknown experiment {name!r}; config has: {listing(config['experiments'])}")
    return list(config["select"])


def methods_of(experiment: str, config: Mapping, methods: Mapping[str, Entry]) -> list[str]:
    """Return the methods of an experiment: those it lists, or every one that solves its task.

    An entry of a method that names `experiments` is left out of all others that do not list it.
    """
    wanted, task = config["experiments"][experiment]["methods"], config["experiments"][experiment]["task"]
    able = [name for name, entry in methods.items() if task in entry.literals.get("TASKS", ())]
    if wanted == "all":
        return [name for name in able if experiment in methods[name].settings.get("experiments", [experiment])]
    for name in wanted:
        if name not in methods:
            raise PlanError(f"experiment {experiment!r}: unknown method {name!r}; there are: {listing(methods)}")
        if name not in able:
            raise PlanError(f"experiment {experiment!r}: {name!r} is not for {task!r}; these are: {listing(able)}")
    return list(wanted)


def runs_of(experiment: str, config: Mapping, methods: Mapping[str, Entry]) -> list[Run]:
    """Return the runs that an experiment needs, every name of them known."""
    entry = config["experiments"][experiment]
    for kind, key in (("data set", "datasets"), ("noise", "noise")):
        for name in entry[key]:
            if name not in config[key]:
                raise PlanError(
                    f"experiment {experiment!r}: unknown {kind} {name!r}; config has: {listing(config[key])}"
                )
    names = methods_of(experiment, config, methods)
    for label, number in Counter(methods[name].label for name in names).items():
        if number > 1:
            raise PlanError(f"experiment {experiment!r}: {number} methods have the label {label!r}; give each its own")
    cells = itertools.product(entry["datasets"], entry["noise"], names, entry["seeds"])
    runs = [Run(entry["task"], *cell) for cell in cells]
    return [run for run in runs if run.dataset in methods[run.method].settings.get("datasets", [run.dataset])]


def described(experiment: str, config: Mapping, datasets: Mapping[str, Entry]) -> dict:
    """Return what the page of an experiment says of it: its entry, and of each data set what its file states."""
    entry, facts = config["experiments"][experiment], ("TITLE", "CITATION", "LICENCE", "STANDS_IN_FOR")
    stated = [
        {"name": name} | {fact.lower(): datasets[name].literals.get(fact) for fact in facts}
        for name in entry["datasets"]
    ]
    return {"id": experiment} | dict(entry) | {"datasets": stated}


def products_of(experiment: str, config: Mapping) -> list[str]:
    """Return the tables and pictures of an experiment, relative to the folder of the profile's results."""
    entry = config["experiments"][experiment]
    files = ["table.html", "summary.csv", "scores.csv", "scores.parquet", "curves.csv"]
    if "sweep" in entry:
        files.append("sweep.png")
    cells = itertools.product(entry["datasets"], entry["noise"], entry["figures"])
    files += [f"{dataset}/{noise}/{figure}.png" for dataset, noise, figure in cells]
    return [f"{experiment}/{file}" for file in files]
