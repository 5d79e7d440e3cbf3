"""HTML pages of the results, which load nothing from a network: tables of experiments, the scorecard, and the index."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmark.metrics import METRICS
from benchmark.report.scorecard import NO_CLAIMS
from benchmark.report.tables import distinct, file_of, metrics_of, panels, read_summary, score_text

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
VERDICTS = ("reproduced", "partly", "not reproduced", "not run")
# Columns of costs: title, hint, format.
COSTS = {
    "iterations": ("Iterations", "mean over the runs", "{:.0f}"),
    "seconds": ("Time [s]", "mean wall time of a run, without warm-up; indicative only", "{:.3g}"),
    "peak_rss_mib": ("Memory [MiB]", "largest resident memory of the process over the runs", "{:.0f}"),
    "peak_gpu_mib": ("GPU memory [MiB]", "largest memory allocated on the GPU over the runs", "{:.0f}"),
}


def write_table(scores: pd.DataFrame, summary: pd.DataFrame, entry: Mapping, out_html: Path) -> None:
    """Write the page of an experiment: its summary as sortable tables, with what it takes to judge them.

    `entry` is the experiment as plain data. The page links the files of the scores and `summary.csv` beside it.
    """
    others = {
        name: column
        for name, column in _others(entry, summary).items()
        if name in summary and summary[name].notna().any()
    }
    methods = scores.drop_duplicates(["method", "params", "code_sha256"]).sort_values("method")
    _render(
        "table.html",
        out_html,
        entry=entry,
        warnings=warnings_of(scores),
        columns=_columns(scores, summary, others),
        panels=[
            {"title": title, "rows": [_row(row, others) for _, row in part.iterrows()]}
            for title, part in panels(summary)
        ],
        licences=sorted(scores["licence_note"].dropna().unique()),
        methods=methods.to_dict("records"),
        provenance=provenance_of(scores),
        files={"scores": file_of(out_html.parent / "scores.csv").name, "summary": "summary.csv"},
    )


def write_index(
    products: Sequence[Path],
    entries: Mapping[str, Mapping],
    scores: Mapping[str, pd.DataFrame],
    manifest: Mapping,
    details: Mapping[str, str],
    out: Path,
) -> None:
    """Write the index of a profile's results: headline, tables, figures, holes, costs and provenance.

    Beside `out` lies a folder for each experiment of `entries`, named as there, which holds `summary.csv`; `scores` are
    those of the experiments by name, and `manifest` is the profile's. `products` are the files to link: those of an
    experiment lie in its folder, figures are PNG; those of all lie beside `out`. `details` are further lines of the
    provenance.
    """
    results_dir = out.parent
    summaries = {name: read_summary(results_dir / name / "summary.csv") for name in entries}
    every = pd.concat(scores.values())
    _render(
        "index.html",
        out,
        profile=manifest["profile"],
        links=[path.name for path in products if path.parent == results_dir],
        warnings=warnings_of(every),
        groups=[
            {
                "source": source,
                "headline": [row for entry in own for row in _headline(entry, summaries[entry["id"]])],
                "entries": [dict(entry) | _files(products, results_dir / entry["id"]) for entry in own],
            }
            for source, own in by_source(entries.values())
        ],
        holes=[row for name, summary in summaries.items() for row in _holes(name, summary)],
        costs=manifest["experiments"],
        provenance=provenance_of(every) | dict(details),
    )


def write_scorecard(claims: Sequence[Mapping], entries: Mapping[str, Mapping], profile: str, out: Path) -> None:
    """Write the page of the scorecard, whose claims `benchmark.report.scorecard.claims_of` returns.

    `entries` are the experiments that were run. The page links their tables, their figures in the index, and the
    scorecard's other forms, all beside `out`.
    """
    groups = []
    for source, experiments in by_source(entries.values()):
        own = [claim for claim in claims if claim["experiment"] in {entry["id"] for entry in experiments}]
        if own:
            counts = {verdict: sum(claim["verdict"] == verdict for claim in own) for verdict in VERDICTS}
            groups.append({"source": source, "claims": own, "counts": counts, "entries": experiments})
    _render(
        "scorecard.html",
        out,
        profile=profile,
        groups=groups,
        no_claims=NO_CLAIMS,
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


def by_source(entries: Iterable[Mapping]) -> list[tuple[Mapping | None, list[Mapping]]]:
    """Return each source with its experiments; those without one come last, under None."""
    groups: dict[str, tuple[Mapping | None, list[Mapping]]] = {}
    for entry in sorted(entries, key=lambda entry: entry["source"] is None):
        source = entry["source"]
        groups.setdefault(source["id"] if source else "", (source, []))[1].append(entry)
    return list(groups.values())


def warnings_of(scores: pd.DataFrame) -> list[str]:
    """Return the reasons to doubt that the rows of a table can be compared or had again, as sentences."""
    warnings = []
    if scores["git_dirty"].fillna(False).any():
        warnings.append(
            "Some runs come from a checkout with changes that no commit holds: the code cannot be had again."
        )
    if scores["git_commit"].nunique(dropna=False) > 1:
        warnings.append("The runs come from more than one commit; the table of methods tells which code ran.")
    if scores.groupby("method")["code_sha256"].nunique().gt(1).any():
        warnings.append("Runs of one method come from different versions of its code: run it again as a whole.")
    if scores[["device_name", "cpu_name", "threads"]].dropna().drop_duplicates().shape[0] > 1:
        warnings.append("The runs come from different devices or numbers of threads: times do not compare.")
    return warnings


def provenance_of(scores: pd.DataFrame) -> dict[str, str]:
    """Return where and when the rows of a table were made, by a title for each fact."""

    def listed(name: str) -> str:
        return ", ".join(distinct(scores, name)) or "unknown"

    started = pd.to_datetime(scores["started"], utc=True, format="ISO8601")
    runs = scores.drop_duplicates(["dataset", "item", "noise", "method", "seed"])
    return {
        "Runs": f"{len(runs)}, of which {(runs['status'] == 'ok').sum()} gave an estimate",
        "Started": f"{started.min():%Y-%m-%d %H:%M} to {started.max():%Y-%m-%d %H:%M} UTC",
        "Page written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Time in methods": f"{runs['seconds'].sum():.0f} s, warm-up {runs['warmup_seconds'].sum():.0f} s",
        "Commit": listed("git_commit"),
        "Device": listed("device_name"),
        "Processor": f"{listed('cpu_name')}; threads: {listed('threads')}",
        "Versions": f"Python {listed('python')}, PyTorch {listed('torch')}",
    }


def _render(template: str, out: Path, **context) -> None:
    out.write_text(TEMPLATES.get_template(template).render(context), encoding="utf-8")


def _others(entry: Mapping, summary: pd.DataFrame) -> dict[str, tuple[str, str, str]]:
    """Return title, hint and format of the columns that can stand beside the metrics."""
    metric = METRICS[entry["metric"]]
    source = entry["source"]["title"] if entry["source"] else "the source"
    hint = f"what {source} prints for it, on its own data"
    printed = {name: name.partition("_")[2] for name in summary if name.startswith("printed")}
    others = {
        name: ("Printed" if not of else f"Printed, {METRICS[of].label}", hint, "{:g}") for name, of in printed.items()
    }
    if entry["reference"] in entry["methods"]:
        label = entry["methods"][entry["reference"]]["label"]
        hint = f"mean difference to {label} on the same observation"
        others["gain"] = (f"{metric.label} over {label}", hint, f"{{:+.{metric.decimals}f}}")
    return others | COSTS


def _columns(scores: pd.DataFrame, summary: pd.DataFrame, others: Mapping[str, tuple[str, str, str]]) -> list[dict]:
    columns = [
        ("Method", "label, and name in the experiment"),
        ("Iterate", "which of the iterates is scored"),
        ("n", "runs with a score: items times seeds"),
        *((f"{METRICS[metric].label} {_arrow(metric)}", "mean and sd over the runs") for metric in metrics_of(summary)),
        *(column[:2] for column in others.values()),
        ("Status", "ok, or what happened to the runs without a score"),
    ]
    texts = {"Iterate", "Status"}
    return [{"title": title, "hint": hint, "kind": "text" if title in texts else ""} for title, hint in columns]


def _arrow(metric: str) -> str:
    return "↑" if METRICS[metric].higher_is_better else "↓"


def _row(row: pd.Series, others: Mapping[str, tuple[str, str, str]]) -> dict:
    metrics = metrics_of(row.index)
    cells = [_cell(row["n"], "{:d}")]
    cells += [_cell(row[f"{name}_mean"], score_text(row, name), row[f"{name}_best"]) for name in metrics]
    cells += [_cell(row[name], text) for name, (_, _, text) in others.items()]
    flags = {"control": row["control"], "oracle": row["iterate"] == "oracle", "hole": row["status"] != "ok"}
    kinds = " ".join(kind for kind, holds in flags.items() if holds)
    licence_note = "" if pd.isna(row["licence_note"]) else row["licence_note"]
    return row.to_dict() | {"cells": cells, "kinds": kinds, "licence_note": licence_note}


def _cell(value: float, text: str, best: bool = False) -> dict:
    """Return what a cell shows (`text`, a format of the value, or a dash where there is none) and what it sorts by."""
    if pd.isna(value):
        return {"text": "-", "sort": "", "best": False}
    return {"text": text.format(value).replace("inf", "∞"), "sort": str(value).replace("inf", "Infinity"), "best": best}


def _headline(entry: Mapping, summary: pd.DataFrame) -> list[dict]:
    """Return for each panel the reference, the best of the subject and the best other method by the primary measure."""
    metric, rows = METRICS[entry["metric"]], []
    for title, part in panels(summary):
        means = part[f"{entry['metric']}_mean"]
        own, oracle = part["method"].isin(entry["subject"]), part["iterate"] == "oracle"
        fair = ~part["control"] & ~oracle & (part["status"] == "ok")
        picks = {
            "reference": (part["method"] == entry["reference"]) & (part["iterate"] == "returned"),
            "other": fair & ~own,
            "subject": fair & own,
            "oracle": oracle & own,
        }
        extreme = "max" if metric.higher_is_better else "min"
        best = {name: means[chosen].agg(extreme) for name, chosen in picks.items()}
        row = {
            name: {
                "label": ", ".join(map(_title, part[chosen & (means == best[name])].itertuples())),
                "value": _cell(best[name], f"{{:.{metric.decimals}f}}")["text"],
            }
            for name, chosen in picks.items()
        }
        difference = _cell(best["subject"] - best["other"], f"{{:+.{metric.decimals}f}}")["text"]
        place = {"experiment": entry["id"], "panel": title, "measure": f"{metric.label} {_arrow(entry['metric'])}"}
        rows.append(row | place | {"difference": difference})
    return rows


def _title(row: NamedTuple) -> str:
    return row.label if row.iterate == "returned" else f"{row.label} ({row.iterate})"


def _holes(experiment: str, summary: pd.DataFrame) -> list[dict]:
    lost = summary[summary["status"] != "ok"].drop_duplicates(["dataset", "noise", "method", "status"])
    return [
        {"experiment": experiment, "panel": title, "label": row["label"], "status": row["status"]}
        for title, part in panels(lost)
        for _, row in part.iterrows()
    ]


def _files(products: Sequence[Path], folder: Path) -> dict[str, list[str]]:
    """Return the `links` to tables and the `figures` (PNG) of an experiment's folder, relative to the one above it."""
    own = [path for path in products if path.is_relative_to(folder)]
    names = [(path.suffix, path.relative_to(folder.parent).as_posix()) for path in own]
    return {
        "links": [name for suffix, name in names if suffix != ".png"],
        "figures": [name for suffix, name in names if suffix == ".png"],
    }
