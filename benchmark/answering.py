"""Scores an answer that was made elsewhere, by hand or by another program: `python -m benchmark score ANSWER.npz`."""

import shlex
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.answers import NoAnswer, check_answer
from benchmark.contract import Estimate, compose
from benchmark.loading import load_module
from benchmark.plan import Plan
from benchmark.posing import observation_of, problem_of
from benchmark.report.tables import read_scores
from benchmark.storage import load_arrays, load_json, parts_of


class CannotScore(ValueError):
    """An answer cannot be scored; the message says why, and what to do."""


def score_answer(
    plan: Plan,
    experiment: str,
    answer: Path,
    dataset: str | None = None,
    noise: str | None = None,
    seed: int | None = None,
) -> pd.DataFrame:
    """Return the measures of an answer, a row for each item and measure, with its rank among the experiment's methods.

    `answer` is an `.npz` file with an array for each item, by the item's name (for parts `<item>/<part>`); where there
    is one item, a single array needs no name, and may be an `.npy` file. `dataset`, `noise` and `seed` can be left out
    where there is one. Raises CannotScore for what is not there, or is no answer, and for problems that are to be posed
    anew, as their settings or their code have changed.
    """
    if experiment not in plan.experiments:
        raise CannotScore(f"--experiment takes one name, and {experiment!r} is none: see `python -m benchmark list`")
    own = plan.experiments[experiment]
    if plan.has_environment(experiment):
        raise CannotScore(f"{experiment} is played with an environment, and what was played there is scored alone")
    cell = [
        _the_one("--data", dataset, own.data),
        _the_one("--noise", noise, own.noise),
        int(_the_one("--seed", seed, own.protocol.seeds)),
    ]
    results = plan.root / "results" / plan.profile
    folder = results / "data" / experiment / cell[0]
    given, withheld = (folder / cell[1] / f"{cell[2]}{ending}.npz" for ending in ("", "-withheld"))
    settings = ["--config", f"profile={plan.profile}", f"folders=[{','.join(plan.config.folders)}]"]
    command = shlex.join(["snakemake", "--cores", "all", experiment, "--until", "pose", *settings])
    if not withheld.is_file() or not given.is_file():
        raise CannotScore(f"{given} is not there: pose the problems by `{command}`")
    if changed := _changed(plan.root, [given, withheld], settings):
        raise CannotScore(f"{given} is of other settings or code ({changed}): pose the problems anew by `{command}`")
    task, facts = load_module(plan.root / f"tasks/{own.task.name}.py"), load_json(folder / "facts.json")["items"]
    answers = _answers_of(answer, [item["name"] for item in facts])
    observation, observed, truth = observation_of(own.noise[cell[1]], task), load_arrays(given), load_arrays(withheld)
    rows = []
    for item in facts:
        name = item["name"]
        problem = problem_of(parts_of(observed, name), observation, item["rank"], item["budget"])
        try:
            if check_answer(answers[name], task.answer_shape(problem), frozenset(getattr(task, "OPTIONAL", ()))):
                raise NoAnswer("has values that are NaN or infinite")
        except NoAnswer as fault:
            raise CannotScore(f"{answer}: item {name!r} {fault}") from fault
        measures = task.measures(problem, parts_of(truth, name))
        value = compose(answers[name].answer)
        rows += [{"item": name, "metric": metric, "value": measure(value)} for metric, measure in measures.items()]
    return _ranked(pd.DataFrame(rows), results / experiment / "scores.csv", cell)


def _the_one(option: str, name: object, known: object) -> object:
    """Return the name if it is known, or the only one that there is."""
    names = list(known)
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        there = ", ".join(map(str, names))
        unknown = f"{option}: there is no {name!r}; there are: {there}"
        raise CannotScore(f"give {option}: {there}" if name is None else unknown)
    return name


def _changed(root: Path, files: Sequence[Path], settings: Sequence[str]) -> str:
    """Return what has changed, by Snakemake's records, since problems were made, as files; empty for nothing."""
    targets = [str(path.relative_to(root)) for path in files]
    command = [sys.executable, "-m", "snakemake", *targets, "--summary", *settings]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if ended.returncode:
        raise CannotScore(f"Snakemake cannot tell of what the problems are: {ended.stderr.strip()}")
    lines = (line.split("\t") for line in ended.stdout.splitlines()[1:])
    made = {rule: status for _, _, rule, _, status, _ in lines}
    return ", ".join(f"{rule}: {made[rule]}" for rule in ("prepare", "pose") if made[rule] != "ok")


def _answers_of(path: Path, items: list[str]) -> dict[str, Estimate]:
    """Return the answer of each item in a file."""
    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = {"": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except OSError as error:
        raise CannotScore(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise CannotScore(f"{path} cannot be read as .npz or .npy: write numbers by numpy.savez") from error
    with np.errstate(over="ignore"):  # in single precision, as the answers of runs are kept
        arrays = {name: own.astype(np.float32) if own.dtype.kind == "f" else own for name, own in arrays.items()}
    if len(items) == 1 and len(arrays) == 1 and not parts_of(arrays, items[0]):
        arrays = {items[0]: next(iter(arrays.values()))}
    answers = {}
    for item in items:
        parts = parts_of(arrays, item)
        if item not in arrays and not parts:
            raise CannotScore(f"{path} has no array {item!r}; it has: {', '.join(arrays) or 'none'}")
        answers[item] = Estimate(signal=arrays[item]) if item in arrays else Estimate(parts=parts)
    return answers


def _ranked(rows: pd.DataFrame, scores: Path, cell: list) -> pd.DataFrame:
    """Return the rows with the place of each value among those that the methods, controls apart, returned."""
    if not scores.is_file():
        return rows.assign(place="")
    known = read_scores(scores)
    known = known[(known["iterate"] == "returned") & ~known["control"].astype(bool) & known["value"].notna()]
    for column, own in zip(("dataset", "noise", "seed"), cell, strict=True):
        known = known[known[column] == own]
    places = []
    for row in rows.itertuples():
        others = known[(known["item"] == row.item) & (known["metric"] == row.metric)]
        better = others["value"] > row.value if others["higher_is_better"].all() else others["value"] < row.value
        places.append("" if np.isnan(row.value) else f"{better.sum() + 1} of {len(others) + 1}")
    return rows.assign(place=places)
