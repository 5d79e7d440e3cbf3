"""Turns raw estimates into rows of scores and curves: the one place where estimates meet the truth."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.contract import Estimate, compose
from benchmark.loading import load_module
from benchmark.methods import Run
from benchmark.metrics import METRICS
from benchmark.posing import observation_of, problem_of
from benchmark.record import differences, other_problems
from benchmark.source import ROOT
from benchmark.storage import Unusable, intact, load_arrays, load_json, parts_of, sha256_of_items, unpack, written_whole

log = logging.getLogger(__name__)

SCHEMA = 2
RUN_COLUMNS = "seed params code_sha256 git_commit git_dirty cpu_name threads torch python started".split()
ITEM_COLUMNS = (
    "rank status message iterations seconds warmup_seconds peak_rss_mib peak_gpu_mib device_name data_sha256".split()
)
CURVE_COLUMNS = "dataset item noise method label seed iterate iteration seconds loss metric value".split()

Answer = np.ndarray | dict[str, np.ndarray]
Measures = Mapping[str, Callable[[Answer], float]]


@dataclass(frozen=True)
class Problems:
    """What is given and what is withheld, budgets by item, and the digests of both: read once for all runs."""

    given: Mapping[str, np.ndarray]
    withheld: Mapping[str, np.ndarray]
    budgets: Mapping[str, int | None]
    digests: Sequence[Mapping[str, str]]

    @classmethod
    def read(cls, given: Path, withheld: Path, facts: Path) -> "Problems":
        """Read the files of a data set under one noise and seed."""
        budgets = {own["name"]: own["budget"] for own in load_json(facts)["items"]}
        digests = [sha256_of_items(path) for path in (given, withheld)]
        return cls(load_arrays(given), load_arrays(withheld), budgets, digests)


def score_cell(
    asked: Sequence[Mapping],
    records: Sequence[Path],
    problems: Mapping[str, Path],
    scores_out: Path,
    curves_out: Path,
) -> None:
    """Score the runs of a data set under one noise and seed, whose `records` lie beside their estimates.

    What is asked of each has a `run`, `made_by`, the digest of its method's code, and `names`. `problems` are the files
    that hold the `given` and the `withheld` arrays and the `facts`. Raises Unusable that names every run whose record
    is damaged or not the one that the plan has; then nothing is written.
    """
    rows, curves, faults, unusable, posed = [], [], [], [], Problems.read(**problems)
    for own, record in zip(asked, records, strict=True):
        try:
            found = score_run(Run(**own["run"]), own["made_by"], own["names"], posed, record)
        except Unusable as error:
            faults.append(f"the run of {own['run']['method']}: {error.fault}")
            unusable += error.paths
            continue
        rows += found[0]
        curves += found[1]
    if faults:
        raise Unusable("\n".join(faults), *unusable)
    with written_whole(scores_out) as partial:
        pd.DataFrame(rows).to_csv(partial, index=False)
    with written_whole(curves_out) as partial:
        pd.DataFrame(curves, columns=CURVE_COLUMNS).to_csv(partial, index=False)


def score_run(run: Run, code: str, names: Mapping, problems: Problems, record: Path) -> tuple[list[dict], list[dict]]:
    """Return rows of scores of every item of a run, by the measures of its task, and rows of curves.

    `code` is the digest of the method's code, `names` holds the columns that say what the method is (file, label,
    family, control, licence_note); beside the `record` lie the estimates. Each iterate of the run gets its rows:
    `returned` by the method, the `last` one, the `average` of iterates, and the `oracle`: the best by the primary
    measure of these and of all snapshots, which no method could pick. Raises Unusable if the record is damaged, or the
    run was made by another file or other code, with other parameters or another observation, or of other problems, as
    one that was made elsewhere can be.
    """
    with intact(record):
        made = load_json(record)
        wanted = {"file": run.file, "code_sha256": code, "params": run.params, "observation": run.observation}
        faults = differences(made, wanted)
        if others := other_problems(made, problems.digests):
            faults.append(f"it got other problems of the items {', '.join(others)} than are here")
        if faults:
            raise Unusable(f"it is not the one that the plan has: {'; '.join(faults)}", record)
        place = {"task": run.task, "dataset": run.dataset, "noise": run.noise, "method": run.method}
        origin = {column: made["run"][column] for column in RUN_COLUMNS} | {"params": json.dumps(made["run"]["params"])}
        common = place | dict(names) | {"schema": SCHEMA} | origin
        bases = [common | {column: item[column] for column in ("item", *ITEM_COLUMNS)} for item in made["items"]]
    task = load_module(ROOT / run.task_file)
    observation = observation_of(run.observation, task)
    rows, curves = [], []
    for base in bases:
        name = base["item"]
        problem = problem_of(parts_of(problems.given, name), observation, base["rank"], problems.budgets[name])
        measures = task.measures(problem, parts_of(problems.withheld, name))
        if base["status"] != "ok":
            rows += _rows(base, "returned", dict.fromkeys(measures, np.nan))
            continue
        try:
            estimate = _estimate_of(record.with_name("estimate.npz"), name)
        except Unusable as error:  # a damaged file costs its own rows alone
            log.warning("the run of %s: its estimate %s", run.method, error.fault)
            fault = {"status": "failed", "message": f"its estimate {error.fault}"}
            rows += _rows(base | fault, "returned", dict.fromkeys(measures, np.nan))
            continue
        answers, curve = iterates_of(estimate, measures)
        for iterate, answer in answers.items():
            rows += _scored(base, iterate, answer, measures)
        curves += [base | point for point in curve]
    return rows, curves


def iterates_of(estimate: Estimate, measures: Measures) -> tuple[dict[str, Answer], list[dict]]:
    """Return the answers that a run offers by name, and its curve of the primary measure over iterations and seconds.

    Where that measure is too dear to be taken of every snapshot there is no curve, and the answer that the method
    returned stands alone.
    """
    answers, curve = {"returned": compose(estimate.answer)}, []
    metric, measure = next(iter(measures.items()))
    if not METRICS[metric].traced or not estimate.trace:
        return answers, curve
    sign = 1 if METRICS[metric].higher_is_better else -1
    best = _taken(measure, answers["returned"])
    answers["oracle"] = answers["returned"]
    for snapshot in estimate.trace:
        for iterate in ("last", "average"):
            own = getattr(snapshot, iterate)
            if own is None:
                continue
            answer = compose(own)
            value = _taken(measure, answer)
            clock = {"iteration": snapshot.iteration, "seconds": snapshot.seconds, "loss": snapshot.loss}
            curve.append({"iterate": iterate, **clock, "metric": metric, "value": value})
            answers[iterate] = answer
            if sign * value > sign * best or (np.isnan(best) and not np.isnan(value)):
                answers["oracle"], best = answer, value
    return answers, curve


def _estimate_of(path: Path, item: str) -> Estimate:
    with intact(path):
        return unpack(load_arrays(path, f"{item}/"), item)


def _taken(measure: Callable[[Answer], float], answer: Answer) -> float:
    """Return a measure of an answer; NaN where it cannot be taken, which the row of the answer says."""
    try:
        return measure(answer)
    except Exception:
        return np.nan


def _scored(base: Mapping, iterate: str, answer: Answer, measures: Measures) -> list[dict]:
    """Return the rows of an iterate; one that is not finite, or that a measure cannot be taken of, has no values."""
    nothing = dict.fromkeys(measures, np.nan)
    if not all(np.isfinite(own).all() for own in (answer.values() if isinstance(answer, dict) else [answer])):
        fault = {"status": "nonfinite", "message": f"the {iterate} iterate is not finite"}
        return _rows(base | fault, iterate, nothing)
    try:
        values = {name: measure(answer) for name, measure in measures.items()}
        if holes := [name for name, value in values.items() if np.isnan(value)]:
            raise ValueError(f"{', '.join(holes)} has no value")
        return _rows(base, iterate, values)
    except Exception as error:  # an answer that no task foresaw is a row, and the others are scored
        log.exception("%s by %s, %s, cannot be scored", base["item"], base["method"], iterate)
        return _rows(base | {"status": "failed", "message": f"it cannot be scored: {error}"}, iterate, nothing)


def _rows(base: Mapping, iterate: str, values: Mapping[str, float]) -> list[dict]:
    return [
        {
            **base,
            "iterate": iterate,
            "metric": metric,
            "value": value,
            "higher_is_better": METRICS[metric].higher_is_better,
        }
        for metric, value in values.items()
    ]
