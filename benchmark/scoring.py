"""Turns raw estimates into rows of scores and curves: the one place where estimates meet the truth."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.contract import Estimate, compose
from benchmark.judges import Judge, judge_for
from benchmark.metrics import METRICS
from benchmark.storage import load_arrays, load_json, parts_of, unpack, written_whole

SCHEMA = 1
RUN_COLUMNS = "seed params code_sha256 git_commit git_dirty cpu_name threads torch python started".split()
ITEM_COLUMNS = (
    "rank status message iterations seconds warmup_seconds peak_rss_mib peak_gpu_mib device_name data_sha256".split()
)
CURVE_COLUMNS = "dataset item noise method label seed iterate iteration seconds loss psnr".split()


def score_run(
    clean: Path,
    withheld: Path,
    estimate: Path,
    record: Path,
    names: Mapping,
    params: Mapping,
    bias: float,
    scores_out: Path,
    curves_out: Path,
) -> None:
    """Score every item of a run.

    `names` holds the columns that name the run (task, dataset, noise, method, file, label, control, licence_note);
    `params` the method's parameters by the config; `withheld` what the task keeps from methods; `bias` is the mean of
    the noise. Each iterate of the run gets its rows: `returned` by the method, the `last` one, the `average` of
    iterates, and the `oracle`: the best against the truth of these and of all snapshots, which no method could pick.
    Raises ValueError if the run was made with other parameters, as one that was made elsewhere can be.
    """
    truth, secrets, arrays, run = load_arrays(clean), load_arrays(withheld), load_arrays(estimate), load_json(record)
    if run["run"]["params"] != params:
        raise ValueError(
            f"this run was made with the parameters {run['run']['params']}, and the config has {params}: "
            f"delete the folder {record.parent} to run it again, or change the config"
        )
    rows, curves = [], []
    for item in run["items"]:
        name = item["item"]
        base = dict(names) | {"item": name, "schema": SCHEMA}
        base |= {column: run["run"][column] for column in RUN_COLUMNS} | {"params": json.dumps(run["run"]["params"])}
        base |= {column: item[column] for column in ITEM_COLUMNS}
        judge = judge_for(names["task"], truth[name], parts_of(secrets, name), item["rank"], bias)
        if item["status"] != "ok":
            rows += _rows(base, "returned", dict.fromkeys(judge.measures, np.nan))
            continue
        answers, curve = iterates_of(unpack(arrays, name), judge)
        for iterate, signal in answers.items():
            if np.isfinite(signal).all():
                rows += _rows(base, iterate, judge.score(signal))
            else:
                fault = {"status": "nonfinite", "message": f"the {iterate} iterate is not finite"}
                rows += _rows(base | fault, iterate, dict.fromkeys(judge.measures, np.nan))
        curves += [base | point for point in curve]
    with written_whole(scores_out) as partial:
        pd.DataFrame(rows).to_csv(partial, index=False)
    with written_whole(curves_out) as partial:
        pd.DataFrame(curves, columns=CURVE_COLUMNS).to_csv(partial, index=False)


def iterates_of(estimate: Estimate, judge: Judge) -> tuple[dict[str, np.ndarray], list[dict]]:
    """Return the answers that a run offers by name, and its curve of PSNR over iterations and seconds.

    Where answers have no PSNR there is no curve, and the answer that the method returned stands alone.
    """
    answers, curve = {"returned": compose(estimate.answer)}, []
    if judge.psnr is None or not estimate.trace:
        return answers, curve
    best = judge.psnr(answers["returned"])
    answers["oracle"] = answers["returned"]
    for snapshot in estimate.trace:
        for iterate in ("last", "average"):
            value = getattr(snapshot, iterate)
            if value is None:
                continue
            signal = compose(value)
            psnr = judge.psnr(signal)
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
