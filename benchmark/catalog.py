"""The files that come as one thing each - methods, data sets, tasks - and the noise models and operators, by name.

None of them is run: what they state is read from their text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from benchmark import settings
from benchmark.settings import NAME, SettingsError, listing, shortened
from benchmark.source import classes_of, keys_of, literals_of, parameters_of

# What a file of each folder must state as literals, of which types, and the functions that it must have.
CONTRACTS = {
    "baselines": (
        {"LABEL": str, "FAMILY": str, "TASKS": set[str], "DEVICES": set[Literal["cpu", "cuda"]]},
        ("solve",),
    ),
    "datasets": ({"TITLE": str, "KIND": str}, ("load",)),
    "tasks": (
        {"KINDS": set[str], "MEASURES": list[str], "FIGURES": set[str], "FLOOR": str | None, "CEILING": str | None},
        ("pose", "answer_shape", "measures", "tiny"),
    ),
}
# Of literals that may be left out, the types.
LEFT_OUT: dict[str, Any] = dict.fromkeys(("CONTROL", "SEES_TRUTH", "COMPLETE", "STOCHASTIC"), bool)
LEFT_OUT |= {"LICENCE_NOTE": str, "REQUIRES": list[str], "OPERATORS": set[str], "REGISTRY": str, "OPTIONAL": set[str]}
# Noise models and operators: the key that names one in an experiment, where they are, and a method that each has.
MODELS = {"model": ("noise", "sample"), "kind": ("operators", "build")}


@dataclass(frozen=True)
class File:
    """A file of `baselines/`, `datasets/` or `tasks/`: its literals, or why it cannot be used."""

    path: Path
    literals: Mapping = field(default_factory=dict)
    fault: str = ""

    @property
    def name(self) -> str:
        """The name of the file without its ending."""
        return self.path.stem

    @property
    def place(self) -> str:
        """The file as messages name it."""
        return f"{self.path.parent.name}/{self.path.name}"


@dataclass(frozen=True)
class Catalog:
    """What there is by name: methods, data sets, tasks and sources, below a root."""

    root: Path
    methods: Mapping[str, File]
    datasets: Mapping[str, File]
    tasks: Mapping[str, File]
    sources: Mapping[str, settings.Source]


def files_of(root: Path, folder: str) -> dict[str, File]:
    """Return the files of `baselines/`, `datasets/` or `tasks/` by name, each with its literals, or with its fault."""
    home, known = root / "benchmark", {}
    if folder == "tasks":
        figures = [path.stem for path in (home / "report" / "figures").glob("[!_.]*.py")]
        known = {"MEASURES": keys_of(home / "metrics.py", "METRICS"), "FIGURES": figures}
    elif folder == "baselines":
        known = {"TASKS": [path.stem for path in (root / "tasks").glob("[!_.]*.py")]}
    paths = sorted((root / folder).glob("[!_.]*.py"))
    return {path.stem: _file_of(path, *CONTRACTS[folder], known) for path in paths}


def chosen(files: Mapping[str, File], name: str, folder: str, where: str) -> File:
    """Return a file by name; raise SettingsError if there is none, or if it cannot be used."""
    if name not in files:
        raise SettingsError.unknown(where, f"file {folder}/", f"{name.removesuffix('.py')}.py", files)
    if files[name].fault:
        raise SettingsError(f"{where}: {files[name].place} cannot be used", files[name].fault)
    return files[name]


def able(task: File, operators: Iterable[str | None], catalog: Catalog) -> list[File]:
    """Return the files of `baselines/` that solve the task, for one of the kinds of operators at least."""
    whole = [file for file in catalog.methods.values() if not file.fault and task.name in file.literals["TASKS"]]
    return [file for file in whole if any(suits(file, kind) for kind in operators)]


def suits(file: File, operator: str | None) -> bool:
    """Tell whether a method's file is for measurements by a kind of operator, or for a signal itself (None)."""
    return operator is None or operator in file.literals.get("OPERATORS", {operator})


def models(key: str, task: Path, root: Path) -> dict[str, tuple[Path, str]]:
    """Return the noise models (for the key `model`) or operators (`kind`) by the names that experiments give them.

    They are the dataclasses of `benchmark/noise.py` or `benchmark/operators.py`, and of the task's own file.
    """
    home, method = MODELS[key]
    places = (task, root / "benchmark" / f"{home}.py")
    return {snake(name): (path, name) for path in places for name in classes_of(path, method)}


def snake(name: str) -> str:
    """Return the name of a class as experiments write it: SaltAndPepper is salt_and_pepper."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _file_of(path: Path, literals: Mapping[str, Any], functions: tuple[str, ...], known: Mapping) -> File:
    try:
        found = literals_of(path)
    except (SyntaxError, ValueError, OSError) as error:
        return File(path, fault=f"it is no Python: {error}")
    if not NAME.fullmatch(path.stem):
        return File(path, found, f"{path.stem!r} becomes a folder: use letters, digits, '_', '-' and '.' only")
    if absent := [name for name in functions if parameters_of(path, name) is None]:
        return File(path, found, f"it has no function `{absent[0]}`: write it as `def {absent[0]}(...)`")
    if absent := set(literals) - set(found):
        return File(path, found, f"it must state {listing(absent)} as a literal")
    for name, kind in {**literals, **{name: own for name, own in LEFT_OUT.items() if name in found}}.items():
        if fault := _literal_fault(found[name], kind, name in literals):
            return File(path, found, f"{name} is {shortened(found[name])}: {fault}")
    for name, names in known.items():
        if unknown := [own for own in found[name] if own not in names]:
            return File(path, found, f"{name} has {unknown[0]!r}; there are: {listing(names)}")
    return File(path, found)


def _literal_fault(value: object, kind: Any, needed: bool) -> str:
    """Return what is wrong with a literal that is to be of a kind, if anything is."""
    try:
        TypeAdapter(kind, config=ConfigDict(strict=True)).validate_python(value)
    except ValidationError as error:
        return error.errors(include_url=False)[0]["msg"].lower()
    if needed and value == []:
        return "it has to name one"
    texts = [value] if isinstance(value, str) else value if isinstance(value, set | list) else []
    return "" if all(text.isprintable() for text in texts) else "it has a sign that is no text"
