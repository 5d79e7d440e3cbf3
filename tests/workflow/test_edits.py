"""An edit runs again what depends on it and nothing else: each row of the table in docs/architecture.md."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def within(path: str, name: str, kind: str) -> Callable:
    """Return an edit within a function or method: a `comment`, a `docstring`, an `annotation`, or a `line` of code."""

    def edit(tree):
        file = tree.path / path
        lines = file.read_text().splitlines(keepends=True)
        node = definition(ast.parse("".join(lines)), name)
        docstring, *rest = node.body
        if kind == "docstring":
            number = docstring.lineno - 1
            lines[number] = lines[number].replace('"""', '"""Edited. ', 1)
        elif kind == "annotation":
            annotation = next(own.annotation for own in node.args.args if own.annotation)
            number, start = annotation.lineno - 1, annotation.col_offset
            lines[number] = f"{lines[number][:start]}object | {lines[number][start:]}"
        else:
            statement = rest[0] if isinstance(docstring, ast.Expr) else docstring
            text = {"comment": "# Edited.", "line": "assert True"}[kind]
            lines.insert(statement.lineno - 1, " " * statement.col_offset + f"{text}\n")
        edited = "".join(lines)
        ast.parse(edited)
        file.write_text(edited)

    edit.__name__ = f"{kind} in {path}"
    return edit


def definition(tree: ast.AST, name: str) -> ast.FunctionDef:
    """Return a function of a file, or a method, `Class.method`."""
    for part in name.split("."):
        tree = next(own for own in tree.body if getattr(own, "name", None) == part)
    return tree


def replaced(path: str, pattern: str, text: str) -> Callable:
    """Return an edit that replaces the one line that starts with a pattern."""

    def edit(tree):
        file = tree.path / path
        edited, number = re.subn(rf"^{pattern}.*$", text, file.read_text(), flags=re.M)
        assert number == 1, f"{path} has {number} lines that start with {pattern}"
        file.write_text(edited)

    edit.__name__ = f"{pattern} of {path}"
    return edit


def with_keys(name: str, **changes: object) -> Callable:
    """Return an edit of keys of an experiment."""

    def edit(tree):
        tree.experiment(name, **changes)

    edit.__name__ = f"{', '.join(changes)} of {name}"
    return edit


def all_of(*edits: Callable) -> Callable:
    """Return several edits as one."""

    def edit(tree):
        for own in edits:
            own(tree)

    edit.__name__ = ", ".join(own.__name__ for own in edits)
    return edit


def other_parameter(tree) -> None:
    """Give the fit an iteration more."""
    methods = tree.settings("demo")["methods"]
    [fit] = [own for own in methods if isinstance(own, dict) and own.get("name") == "deeptensor"]
    fit["params"]["iterations"] += 1
    tree.experiment("demo", methods=methods)


def overwritten_file(tree) -> None:
    """Write other values into the file of the user."""
    np.save(tree.path / "scene.npy", np.random.default_rng(1).random((12, 10, 3)))


def other_time_limit(tree) -> None:
    """Give runs another time."""
    tree.configure(time_limit=100)


METHODS = {"demo": ["noisy", "clean", "svd", "deeptensor"], "scan": ["fbp"]}
CELLS = {"demo": "tiny, photons-100, seed 0", "scan": "scene, radon-8, seed 0"}
PREPARED = {"demo": {"prepare tiny for demo"}, "scan": {"prepare scene for scan"}}
POSED = {"demo": {"pose tiny with photons-100, seed 0"}, "scan": {"pose scene with radon-8, seed 0"}}
FIGURE = {"figure reconstructions of demo, tiny"}
ABOVE = {"scorecard of the claims", "index of all results"}
PAGE = {name: {f"page of {name}", f"check that no run of {name} failed"} | ABOVE for name in CELLS}
TABLES = {name: {f"table of {name}"} | PAGE[name] for name in CELLS}
TABLES["demo"] |= FIGURE


def scores(experiment: str) -> set[str]:
    """Return the messages of scoring an experiment, and of what follows from it."""
    return {f"score {CELLS[experiment]}, for {experiment}"} | TABLES[experiment]


def runs(experiment: str, *methods: str) -> set[str]:
    """Return the messages of running methods of an experiment, of all by default, and of what follows from it."""
    names = methods or METHODS[experiment]
    own = {f"run {name} on {CELLS[experiment]}, for {experiment}" for name in names}
    return own | scores(experiment)


def problems(experiment: str) -> set[str]:
    """Return the messages of posing the problems of an experiment, and of what follows from it."""
    return POSED[experiment] | runs(experiment)


# By row of the table: edits, each with the jobs that are due after it.
EDITS = {
    "a comment, a docstring, an annotation": [
        (
            all_of(
                within("deeptensor/estimators.py", "DeepPCA.fit", "comment"),
                within("deeptensor/fit.py", "factorise_many", "comment"),
                within("deeptensor/fit.py", "factorise", "docstring"),
                within("benchmark/scoring.py", "score_run", "annotation"),
            ),
            set(),
        )
    ],
    "code that no job reaches, the runner, a time limit": [
        (
            all_of(
                within("deeptensor/estimators.py", "DeepPCA.fit", "line"),
                within("benchmark/runner.py", "run_method", "line"),
                within("benchmark/plan.py", "Plan.run", "line"),
                other_time_limit,
            ),
            set(),
        )
    ],
    "a method, or code that it reaches": [
        (within("baselines/svd.py", "solve", "line"), runs("demo", "svd")),
        (within("benchmark/algorithms/lowrank.py", "truncated_svd", "line"), runs("demo", "svd")),
    ],
    "a method's `LABEL`, `FAMILY` or `LICENCE_NOTE`": [
        (replaced("baselines/svd.py", "LABEL", 'LABEL = "Edited"'), scores("demo")),
    ],
    "`deeptensor/fit.py`, `deeptensor/loop.py`": [
        (within("deeptensor/fit.py", "factorise_many", "line"), runs("demo", "deeptensor")),
        (
            replaced("deeptensor/loop.py", "ITERATIONS_BETWEEN_QUESTIONS", "ITERATIONS_BETWEEN_QUESTIONS = 31"),
            runs("demo", "deeptensor"),
        ),
    ],
    "a data set, or a file of the user's": [
        (within("datasets/tiny.py", "load", "line"), PREPARED["demo"] | problems("demo")),
        (replaced("datasets/tiny.py", "RGB", "RGB = (0, 1, 2)"), PREPARED["demo"] | problems("demo")),
        (overwritten_file, PREPARED["scan"] | problems("scan")),
    ],
    "a task's `measures`": [
        (within("tasks/denoise.py", "measures", "line"), scores("demo")),
        (within("benchmark/metrics.py", "sam", "line"), scores("demo")),
    ],
    "a task's `answer_shape` or `respond`": [(within("tasks/denoise.py", "answer_shape", "line"), runs("demo"))],
    "a task's `pose`, a noise model, an operator": [
        (within("tasks/denoise.py", "pose", "line"), problems("demo")),
        (within("benchmark/noise.py", "Poisson.sample", "line"), problems("demo")),
        (within("benchmark/operators.py", "Radon.build", "line"), problems("scan")),
    ],
    "an experiment's prose or claims": [
        (with_keys("demo", title="Edited", notes="Edited.", claims=[]), PAGE["demo"]),
    ],
    "an experiment's printed numbers": [(with_keys("demo", printed={"values": {"svd": 30}}), TABLES["demo"])],
    "an experiment's parameters": [(other_parameter, runs("demo", "deeptensor"))],
    "a figure, a template": [
        (within("benchmark/report/figures/reconstructions.py", "draw", "line"), FIGURE | PAGE["demo"]),
        (
            replaced("benchmark/report/site/templates/base.html", "<html", '<html class="edited">'),
            PAGE["demo"] | PAGE["scan"],
        ),
    ],
}
CASES = [
    pytest.param(edit, due, id=f"{row}: {edit.__name__}".replace("/", "-"))
    for row, own in EDITS.items()
    for edit, due in own
]


@pytest.mark.parametrize(("edit", "due"), CASES)
def test_an_edit_runs_again_what_depends_on_it_and_nothing_else(tree, edit, due):
    edit(tree)
    found = tree.planned()
    assert {"missing": due - set(found), "unexpected": set(found) - due} == {"missing": set(), "unexpected": set()}
    assert len(found) == len(due)


@pytest.mark.parametrize("name", ["experiments.yaml", "manifest.json", "scorecard.md"])
def test_what_stands_above_all_experiments_is_made_again_if_it_is_deleted(tree, name):
    [path] = tree.path.glob(f"results/*/{name}")
    path.unlink()
    assert set(tree.planned()) == (ABOVE if name == "scorecard.md" else {"index of all results"})


def test_each_row_of_the_documented_table_is_tried():
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = text.partition("## What an edit runs again")[2]
    rows = re.findall(r"^\| (.*?) \| .*? \|$", table, re.M)
    assert rows[1:] == list(EDITS)
