"""Turns raw estimates into rows of scores and curves: the one place where estimates meet the truth."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.contract import Estimate, compose
from benchmark.metrics import METRICS, score
from benchmark.storage import load_arrays, load_json, unpack, written_whole

SCHEMA = 1
RUN_COLUMNS = "seed params code_sha256 git_commit git_dirty cpu_name threads torch python started".split()
ITEM_COLUMNS = (
    "status message iterations seconds warmup_seconds peak_rss_mib peak_gpu_mib device_name data_sha256".split()
)
CURVE_COLUMNS = "dataset item noise method label seed iterate iteration seconds loss psnr".split()


def score_run(clean: Path, estimate: Path, record: Path, names: Mapping, scores_out: Path, curves_out: Path) -> None:
    """Score every item of a run.

    `names` holds the columns that name the run (task, dataset, noise, method, file, label, control, licence_note). Each
    iterate of the run gets its rows: `returned` by the method, the `last` one, the `average` of iterates, and the
    `oracle`: the best against the truth of these and of all snapshots, which no method could pick.
    """
    truth, arrays, run = load_arrays(clean), load_arrays(estimate), load_json(record)
    rows, curves = [], []
    for item in run["items"]:
        name = item["item"]
        base = dict(names) | {"item": name, "schema": SCHEMA}
        base |= {column: run["run"][column] for column in RUN_COLUMNS} | {"params": json.dumps(run["run"]["params"])}
        base |= {column: item[column] for column in ITEM_COLUMNS}
        if item["status"] != "ok":
            rows += _rows(base, "returned", dict.fromkeys(applicable(truth[name]), np.nan))
            continue
        answers, curve = iterates_of(unpack(arrays, name), truth[name])
        for iterate, signal in answers.items():
            if np.isfinite(signal).all():
                rows += _rows(base, iterate, score(truth[name], signal, data_range=1.0))
            else:
                fault = {"status": "nonfinite", "message": f"the {iterate} iterate is not finite"}
                rows += _rows(base | fault, iterate, dict.fromkeys(applicable(truth[name]), np.nan))
        curves += [base | point for point in curve]
    with written_whole(scores_out) as partial:
        pd.DataFrame(rows).to_csv(partial, index=False)
    with written_whole(curves_out) as partial:
        pd.DataFrame(curves, columns=CURVE_COLUMNS).to_csv(partial, index=False)


def applicable(clean: np.ndarray) -> list[str]:
    """Return the names of the metrics that suit a signal."""
    return [name for name, metric in METRICS.items() if metric.applies(clean)]


def iterates_of(estimate: Estimate, clean: np.ndarray) -> tuple[dict[str, np.ndarray], list[dict]]:
    """Return the answers that a run offers by name, and its curve of PSNR over iterations and seconds."""
    answers, curve = {"returned": compose(estimate.answer)}, []
    best = METRICS["psnr"].function(clean, answers["returned"], 1.0)
    if estimate.trace:
        answers["oracle"] = answers["returned"]
    for snapshot in estimate.trace:
        for iterate in ("last", "average"):
            value = getattr(snapshot, iterate)
            if value is None:
                continue
            signal = compose(value)
            psnr = METRICS["psnr"].function(clean, signal, 1.0)
            curve.append(
                {
                    "iterate": iterate,
                    "iteration": snapshot.iteration,
                    "seconds": snapshot.seconds,
                    "loss": snapshot.loss,
                    "psnr": psnr,
                }
            )
            answers[iterate] = signal
            if psnr > best:
                answers["oracle"], best = signal, psnr
    return answers, curve


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
