"""Says what there is: `python -m benchmark list methods`, or data, tasks or experiments; one line each."""

import argparse
import sys
from collections.abc import Iterable

from benchmark.catalog import File
from benchmark.experiments import Experiment
from benchmark.plan import Plan
from benchmark.settings import SettingsError
from benchmark.source import docstring_of

KINDS = ("methods", "data", "tasks", "experiments")


def listed(plan: Plan, kind: str) -> list[tuple[str, str, str]]:
    """Return for each thing of a kind its name, what it belongs to, and what it is for."""
    if kind == "experiments":
        return [(name, own.task.name, _title(own)) for name, own in plan.experiments.items()]
    files = {"methods": plan.catalog.methods, "data": plan.catalog.datasets, "tasks": plan.catalog.tasks}[kind]
    belongs = {"methods": "TASKS", "data": "KIND", "tasks": "KINDS"}[kind]
    return [(file.name, _texts(file.literals.get(belongs, ())), _purpose(file)) for file in files.values()]


def _title(own: Experiment) -> str:
    source = own.protocol.source
    return own.protocol.title + (f" ({source.place} of {source.of})" if source and source.place else "")


def _purpose(file: File) -> str:
    return f"cannot be used: {file.fault}" if file.fault else docstring_of(file.path).partition("\n")[0]


def _texts(names: str | Iterable[str]) -> str:
    return names if isinstance(names, str) else ", ".join(sorted(names))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmark", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="list")
    command = commands.add_parser("list", help="say what methods, data sets, tasks or experiments there are")
    command.add_argument("kind", choices=KINDS)
    command.add_argument("--profile", default="embedded", help="profile of the experiments (default: embedded)")
    command.add_argument("--folders", nargs="+", metavar="FOLDER", help="folders of experiments, with your own")
    options = parser.parse_args()
    config = {"profile": options.profile} | ({"folders": options.folders} if options.folders else {})
    try:
        rows = listed(Plan.read(config), options.kind)
    except SettingsError as error:
        sys.exit(str(error))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{name:{widths[0]}}  {belongs:{widths[1]}}  {purpose}\n" for name, belongs, purpose in rows]
    sys.stdout.write("".join(lines))


if __name__ == "__main__":
    main()
