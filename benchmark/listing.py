"""What there is: methods, data sets, tasks and experiments, one line each."""

from collections.abc import Iterable, Sequence

from benchmark.catalog import File
from benchmark.experiments import Experiment
from benchmark.plan import Plan
from benchmark.source import docstring_of

KINDS = ("methods", "data", "tasks", "experiments")


def listed(plan: Plan, kind: str) -> list[tuple[str, str, str]]:
    """Return for each thing of a kind its name, what it belongs to, and what it is for."""
    if kind == "experiments":
        return [(name, own.task.name, _title(own)) for name, own in plan.experiments.items()]
    files = {"methods": plan.catalog.methods, "data": plan.catalog.datasets, "tasks": plan.catalog.tasks}[kind]
    belongs = {"methods": "TASKS", "data": "KIND", "tasks": "KINDS"}[kind]
    return [(file.name, _texts(file.literals.get(belongs, ())), purpose_of(file)) for file in files.values()]


def as_text(rows: Sequence[tuple[str, str, str]]) -> str:
    """Return the rows as lines with their columns aligned."""
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    return "".join(f"{name:{widths[0]}}  {belongs:{widths[1]}}  {purpose}\n" for name, belongs, purpose in rows)


def purpose_of(file: File) -> str:
    """Return the first line of a file's docstring, or why it cannot be used."""
    return f"cannot be used: {file.fault}" if file.fault else docstring_of(file.path).partition("\n")[0]


def _title(own: Experiment) -> str:
    source = own.protocol.source
    return own.protocol.title + (f" ({source.place} of {source.of})" if source and source.place else "")


def _texts(names: str | Iterable[str]) -> str:
    return names if isinstance(names, str) else ", ".join(sorted(names))
