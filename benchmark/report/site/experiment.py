"""The page of an experiment: its claims, printed numbers beside ours, figures, and all methods in one table."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.report.manifest import facts_of
from benchmark.report.site.charts import against_seconds, dumbbell, over_sweep
from benchmark.report.site.render import write_page
from benchmark.report.site.results import Result, arrow_of, known_metrics
from benchmark.report.site.words import about_file, verdict_of
from benchmark.report.tables import rows_at, score_text, shortened
from benchmark.report.wording import data_in_words, noise_in_words
from benchmark.source import REQUIRED, ROOT, parameters_of
from benchmark.storage import copy_whole

# Columns of costs: title, hint, format.
COSTS = {
    "seconds": ("Time [s]", "mean wall time of a run, without warm-up; indicative only", "{:.3g}"),
    "peak_rss_mib": ("Memory [MiB]", "largest resident memory of the process over the runs", "{:.0f}"),
    "peak_gpu_mib": ("GPU memory [MiB]", "largest memory allocated on the GPU over the runs", "{:.0f}"),
}
PLACES = {"dataset": "Data", "noise": "Noise"}
RUN = ["dataset", "noise", "method", "iterate", "item", "seed"]


def write_experiment(result: Result, out: Path) -> Path:
    """Write the page of an experiment, with its pictures and tables in a folder beside it; return the page."""
    entry = result.entry
    page = out / entry["profile"] / f"{result.name}.html"
    home = page.with_suffix("")
    files = [*(picture.path for picture in result.pictures), *result.tables]
    for path in files:
        copy_whole(path, home / path.relative_to(result.folder))
    facts = facts_of(result.scores)
    columns, rows = table_of(result)
    write_page(
        "experiment.html",
        page,
        root="../",
        entry=entry,
        claims=[claim | {"chips": verdict_of(claim)} for claim in result.claims],
        printed=printed_of(result),
        pictures=[
            {
                "path": f"{result.name}/{picture.path.relative_to(result.folder).as_posix()}",
                "figure": picture.figure.replace("_", " "),
                "data": data_in_words(entry, picture.dataset) if picture.dataset else "",
                "noise": noise_in_words(entry["noise"][picture.noise]) if picture.noise else "",
            }
            for picture in result.pictures
        ],
        charts=[
            {"title": title, "id": name, **chart}
            for name, title, chart in (
                ("sweep", "Explore the sweep", over_sweep(result)),
                ("seconds", "Quality against seconds", against_seconds(result)),
            )
            if chart
        ],
        columns=columns,
        rows=rows,
        filters=filters_of(result),
        details=details_of(result),
        licences=sorted(result.scores["licence_note"].dropna().unique()),
        noises={name: noise_in_words(own) for name, own in entry["noise"].items()},
        facts=facts,
        minutes=math.ceil(facts["seconds_in_methods"] / 60),
        warnings=warnings_of(result.scores),
        provenance=provenance_of(facts),
        tables=[f"{result.name}/{path.name}" for path in result.tables],
    )
    return page


def printed_of(result: Result) -> list[dict]:
    """Return what the source prints beside what is here: for each panel its `title`, `measure`, `rows` and `chart`.

    Rows are in the order of the source; last comes the strongest other method, which the source does not print. What
    the source prints of a measure that no run here has makes no panel.
    """
    groups: dict[tuple, dict] = {}
    for own in result.entry["printed"]:
        place = (own["metric"], own["data"], own["noise"], own["item"])
        groups.setdefault(place, {}).update({(name, own["iterate"]): value for name, value in own["values"].items()})
    blocks, measured = [], known_metrics(result.summary)
    for (metric, dataset, noise, item), values in groups.items():
        if metric not in measured:
            continue
        cells = result.summary[["dataset", "noise"]].drop_duplicates().to_dict("records")
        for cell in cells:
            if (dataset or cell["dataset"]) == cell["dataset"] and (noise or cell["noise"]) == cell["noise"]:
                rows = _printed_rows(result, metric, cell | ({"item": item} if item else {}), values)
                labels = [data_in_words(result.entry, cell["dataset"]), item, cell["noise"]]
                title = ", ".join(filter(None, labels))
                measure = METRICS[metric].label
                blocks.append({"title": title, "measure": measure, "rows": rows, "chart": dumbbell(rows, measure)})
    return blocks


def _printed_rows(result: Result, metric: str, cell: Mapping, values: Mapping) -> list[dict]:
    rows = [
        _beside(result, metric, cell, name, iterate, value, "subject" if name in result.entry["subject"] else "other")
        for (name, iterate), value in values.items()
    ]
    known = {name for name, _ in values} | {*result.entry["subject"]}
    others = result.competitors[rows_at(result.competitors, {key: cell[key] for key in ("dataset", "noise")})]
    others = others[~others["method"].isin(known)].dropna(subset=[f"{metric}_mean"])
    if not others.empty:
        means = others[f"{metric}_mean"]
        best = others.loc[means.idxmax() if METRICS[metric].higher_is_better else means.idxmin(), "method"]
        rows.append(_beside(result, metric, cell, best, "returned", None, "strongest"))
    return rows


def _beside(
    result: Result, metric: str, cell: Mapping, name: str, iterate: str, printed: float | None, role: str
) -> dict:
    """Return the row of a method: what is printed for it, and its mean here over items and seeds."""
    entry, scores = result.entry, result.scores
    own = scores[rows_at(scores, {**cell, "method": name, "iterate": iterate, "metric": metric})]["value"].dropna()
    here = float(own.mean()) if len(own) else None
    decimals = METRICS[metric].decimals
    text = "-" if here is None else f"{here:.{decimals}f}" + (f" ± {own.std():.{decimals}f}" if len(own) > 1 else "")
    label = entry["methods"][name]["label"] if name in entry["methods"] else name
    known = here is not None and printed is not None
    return {
        "label": label if iterate == "returned" else f"{label} ({iterate})",
        "printed": printed,
        "here": here,
        "text": text,
        "n": len(own),
        "difference": f"{here - printed:+.{decimals}f}" if known else "",
        "role": role,
    }


def table_of(result: Result) -> tuple[list[dict], list[dict]]:
    """Return the columns of the table of all methods, and a row for each row of the summary.

    A cell has a `text`, what it sorts by (`sort`, empty for none), whether it is the `best`, and of the primary measure
    the length of a `bar` in percent of what methods of its cell of the experiment span.
    """
    entry, summary = result.entry, result.summary
    metrics = known_metrics(summary)
    label = entry["methods"].get(entry["reference"], {}).get("label")
    primary = METRICS[result.metric]
    others = {
        "gain": (f"Over {label}", f"mean difference of {primary.label} to {label}", f"{{:+.{primary.decimals}f}}")
    }
    others = {name: own for name, own in (others | COSTS).items() if name in summary and summary[name].notna().any()}
    places = [name for name in PLACES if summary[name].nunique() > 1]
    failed = (summary["status"] != "ok").any()
    columns = [
        _column("Method", "press to see runs and parameters", "text"),
        *(_column(PLACES[name], "", "text", name) for name in places),
        _column("Iterate", "which of the iterates is scored", "text", "iterate"),
        *(_column(f"{METRICS[name].label} {arrow_of(name)}", "mean and sd over the runs") for name in metrics),
        *(_column(title, hint) for title, hint, _ in others.values()),
        _column("n", "runs with a score: items times seeds"),
        *([_column("Status", "ok, or what happened", "text")] if failed else []),
    ]
    bars = _bars(result)
    rows = []
    for position, row in enumerate(summary.to_dict("records")):
        row = pd.Series(row)
        scored = [_cell(row[f"{name}_mean"], score_text(row, name), bool(row[f"{name}_best"])) for name in metrics]
        scored[0]["bar"] = bars[position]
        rows.append(
            {
                "number": position,
                "name": row["method"],
                "label": row["label"],
                "file": row["file"],
                "family": row["family"],
                "iterate": row["iterate"],
                "control": bool(row["control"]),
                "subject": row["method"] in entry["subject"],
                "licence": "" if pd.isna(row["licence_note"]) else row["licence_note"],
                "places": [row[name] for name in places],
                "dataset": row["dataset"],
                "noise": row["noise"],
                "cells": [*scored, *(_cell(row[name], text) for name, (_, _, text) in others.items())],
                "n": int(row["n"]),
                "status": row["status"] if failed else "",
            }
        )
    return columns, rows


def filters_of(result: Result) -> list[dict]:
    """Return what the table is filtered by: a `name`, a `title`, the `options`, and which of them is chosen `first`.

    There is a filter where there is a choice. At first the table is of one data set under one noise, so that its rows
    are ranked.
    """
    entry = result.entry
    there = {*result.summary[["dataset", "noise"]].itertuples(index=False, name=None)}
    dataset, noise = next(own for own in product(entry["data"], entry["noise"]) if own in there)
    choices = [
        ("family", "Family", {name: name for name in sorted(result.summary["family"].dropna().unique())}, None),
        ("dataset", "Data", {name: data_in_words(entry, name) for name in entry["data"]}, dataset),
        ("noise", "Noise", {name: name for name in entry["noise"]}, noise),
    ]
    return [
        {"name": name, "title": title, "options": options, "first": first}
        for name, title, options, first in choices
        if len(options) > 1
    ]


def details_of(result: Result) -> dict:
    """Return what a row of the table opens to: its runs, by number of the row, and what is known of each method."""
    metrics = known_metrics(result.summary)
    scores = result.scores
    of_metric = {name: own.set_index(RUN)["value"].to_dict() for name, own in scores.groupby("metric")}
    runs: dict[tuple, list] = {}
    for *key, seconds, status, message in scores.drop_duplicates(RUN)[
        [*RUN, "seconds", "status", "message"]
    ].to_numpy():
        numbers = [_number(of_metric[name].get(tuple(key)), METRICS[name].decimals) for name in metrics]
        said = status if pd.isna(message) else f"{status}: {shortened(message)}"
        runs.setdefault(tuple(key[:4]), []).append([key[4], str(key[5]), *numbers, _number(seconds, 2), said])
    keys = result.summary[RUN[:4]].itertuples(index=False, name=None)
    return {
        "heads": ["Item", "Seed", *(METRICS[name].label for name in metrics), "Seconds", "Status"],
        "runs": [runs.get(key, []) for key in keys],
        "methods": {name: _described(own) for name, own in result.entry["methods"].items()},
        "logs": f"logs/{result.entry['profile']}/{result.name}",
    }


def warnings_of(scores: pd.DataFrame) -> list[str]:
    """Return the reasons to doubt that the rows of a table can be compared or had again, as sentences."""
    warnings = []
    if scores["git_dirty"].fillna(False).any():
        warnings.append(
            "Some runs come from a checkout with changes that no commit holds: the code cannot be had again."
        )
    if scores["git_commit"].nunique(dropna=False) > 1:
        warnings.append("The runs come from more than one commit.")
    if scores.groupby("method")["code_sha256"].nunique().gt(1).any():
        warnings.append("Runs of one method come from different versions of its code: run it again as a whole.")
    if scores[["device_name", "cpu_name", "threads"]].dropna().drop_duplicates().shape[0] > 1:
        warnings.append("The runs come from different devices or numbers of threads: times do not compare.")
    return warnings


def provenance_of(facts: Mapping) -> dict[str, str]:
    """Return where and when runs were made, by a title for each of their facts, as `facts_of` has them."""

    def listed(name: str) -> str:
        return ", ".join(facts[name]) or "unknown"

    return {
        "Runs": f"{facts['runs']}, on {facts['signals']} signals, of which {facts['signals_ok']} have an estimate",
        "Started": f"{facts['started']}; the last ended {timedelta(seconds=facts['span_seconds'])} later",
        "Page written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Time in methods": f"{facts['seconds_in_methods']} s, of it warm-up {facts['seconds_of_warm_up']} s",
        "Commit": listed("commits"),
        "Device": listed("devices"),
        "Processor": f"{listed('processors')}; threads: {listed('threads')}",
        "Versions": f"Python {listed('python')}, PyTorch {listed('torch')}",
    }


def _described(method: Mapping) -> dict:
    path = ROOT / "baselines" / f"{method['file']}.py"
    defaults = (parameters_of(path, "solve") if path.is_file() else None) or {}
    known = {key: own.default for key, own in defaults.items() if key not in ("seed", "device", *method["params"])}
    return {
        "label": method["label"],
        "file": method["file"],
        "doc": about_file("baselines", method["file"])[0],
        "set": {key: json.dumps(value) for key, value in method["params"].items()},
        "defaults": {key: str(value) for key, value in known.items() if value is not REQUIRED},
    }


def _bars(result: Result) -> list[float | None]:
    """Return for each row of the summary where its primary measure lies between the competitors of its cell."""
    column, bars = f"{result.metric}_mean", []
    spans = result.competitors.groupby(["dataset", "noise"])[column].agg(["min", "max"])
    for row in result.summary.to_dict("records"):
        place, value = (row["dataset"], row["noise"]), row[column]
        if pd.isna(value) or place not in spans.index:
            bars.append(None)
            continue
        low, high = spans.loc[place]
        share = (value - low) / (high - low) if high > low else 1.0
        bars.append(round(100 * min(max(share, 0.0), 1.0), 1))
    return bars


def _column(title: str, hint: str, kind: str = "number", filtered_by: str = "") -> dict:
    return {"title": title, "hint": hint, "kind": kind, "filter": filtered_by}


def _cell(value: float, text: str, best: bool = False) -> dict:
    """Return what a cell shows (`text`, a format of the value, or a dash where there is none) and what it sorts by."""
    if pd.isna(value):
        return {"text": "-", "sort": "", "best": False, "bar": None}
    sort = {math.inf: "1e308", -math.inf: "-1e308"}.get(value, str(value))
    return {"text": text.format(value).replace("inf", "∞"), "sort": sort, "best": best, "bar": None}


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None or pd.isna(value) else f"{value:.{decimals}f}".replace("inf", "∞")
