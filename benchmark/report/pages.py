"""HTML pages of the results, which load nothing from a network: tables of experiments, the scorecard, and the index."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmark.metrics import METRICS
from benchmark.report.tables import REFERENCE, distinct, file_of, metrics_of, panels, read_summary, score_text

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
VERDICTS = ("reproduced", "partly", "not reproduced", "not run")
# Columns beside the metrics: title, hint, format.
OTHERS = {
    "paper": ("Paper", "what the paper prints for it, on the paper's own data", "{:.1f}"),
    "psnr_gain": (
        f"over {REFERENCE.upper()} [dB]",
        "mean difference of PSNR to SVD on the same noisy signal",
        "{:+.2f}",
    ),
    "iterations": ("Iterations", "mean over the runs", "{:.0f}"),
    "seconds": ("Time [s]", "mean wall time of a run, without warm-up; indicative only", "{:.3g}"),
    "peak_rss_mib": ("Memory [MiB]", "largest resident memory of the process over the runs", "{:.0f}"),
    "peak_gpu_mib": ("GPU memory [MiB]", "largest memory allocated on the GPU over the runs", "{:.0f}"),
}


def write_table(scores: pd.DataFrame, summary: pd.DataFrame, experiment: Mapping, out_html: Path) -> None:
    """Write the page of an experiment: its summary as sortable tables, with what it takes to judge them.

    `experiment` holds `id`, `title`, `mirrors` (of the paper), `departures` (text), and `datasets`: for each a mapping
    of `name`, `title`, `stands_in_for` (or None), `licence` and `citation`. The page links the files of the scores and
    `summary.csv` beside it.
    """
    others = [name for name in OTHERS if name in summary and summary[name].notna().any()]
    methods = scores.drop_duplicates(["method", "params", "code_sha256"]).sort_values("method")
    _render(
        "table.html",
        out_html,
        experiment=experiment,
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
    experiments: Sequence[Mapping],
    scores: Mapping[str, pd.DataFrame],
    manifest: Mapping,
    details: Mapping[str, str],
    out: Path,
) -> None:
    """Write the index of a profile's results: headline, tables, figures, holes, costs and provenance.

    Beside `out` lies a folder `<id>` for each experiment (with `id`, `title`, `mirrors` and `departures`), which holds
    `summary.csv`; `scores` are those of the experiments by that name, and `manifest` is the profile's. `products` are
    the files to link: those of an experiment lie in its folder, figures are PNG; those of all lie beside `out`.
    `details` are further lines of the provenance, such as the config.
    """
    results_dir = out.parent
    summaries = {entry["id"]: read_summary(results_dir / entry["id"] / "summary.csv") for entry in experiments}
    every = pd.concat(scores.values())
    _render(
        "index.html",
        out,
        profile=manifest["profile"],
        links=[path.name for path in products if path.parent == results_dir],
        warnings=warnings_of(every),
        headline=[row for name, summary in summaries.items() for row in _headline(name, summary)],
        experiments=[dict(entry) | _files(products, results_dir / entry["id"]) for entry in experiments],
        holes=[row for name, summary in summaries.items() for row in _holes(name, summary)],
        costs=manifest["experiments"],
        provenance=provenance_of(every) | dict(details),
    )


def write_scorecard(claims: Sequence[Mapping], experiments: Mapping[str, Mapping], profile: str, out: Path) -> None:
    """Write the page of the scorecard, whose claims `benchmark.report.claims.entries_of` returns.

    `experiments` holds, by name, the entries of those that were run, with `departures`. The page links their tables,
    their figures in the index, and the scorecard's other forms, all beside `out`.
    """
    _render(
        "scorecard.html",
        out,
        profile=profile,
        counts={verdict: sum(claim["verdict"] == verdict for claim in claims) for verdict in VERDICTS},
        claims=claims,
        experiments=experiments,
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


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


def _columns(scores: pd.DataFrame, summary: pd.DataFrame, others: list[str]) -> list[dict]:
    arrows = scores.groupby("metric")["higher_is_better"].first().map({True: "↑", False: "↓"})
    columns = [
        ("Method", "label, and entry of the config"),
        ("Iterate", "which of the iterates is scored"),
        ("n", "runs with a score: items times seeds"),
        *((f"{METRICS[metric].label} {arrows[metric]}", "mean and sd over the runs") for metric in metrics_of(summary)),
        *(OTHERS[name][:2] for name in others),
        ("Status", "ok, or what happened to the runs without a score"),
    ]
    texts = {"Iterate", "Status"}
    return [{"title": title, "hint": hint, "kind": "text" if title in texts else ""} for title, hint in columns]


def _row(row: pd.Series, others: list[str]) -> dict:
    metrics = metrics_of(row.index)
    cells = [_cell(row["n"], "{:d}")]
    cells += [_cell(row[f"{name}_mean"], score_text(row, name), row[f"{name}_best"]) for name in metrics]
    cells += [_cell(row[name], OTHERS[name][2]) for name in others]
    flags = {"control": row["control"], "oracle": row["iterate"] == "oracle", "hole": row["status"] != "ok"}
    kinds = " ".join(kind for kind, holds in flags.items() if holds)
    licence_note = "" if pd.isna(row["licence_note"]) else row["licence_note"]
    return row.to_dict() | {"cells": cells, "kinds": kinds, "licence_note": licence_note}


def _cell(value: float, text: str, best: bool = False) -> dict:
    """Return what a cell shows (`text`, a format of the value, or a dash where there is none) and what it sorts by."""
    if pd.isna(value):
        return {"text": "-", "sort": "", "best": False}
    return {"text": text.format(value).replace("inf", "∞"), "sort": str(value).replace("inf", "Infinity"), "best": best}


def _headline(experiment: str, summary: pd.DataFrame) -> list[dict]:
    if "psnr_mean" not in summary:
        return []
    rows = []
    for title, part in panels(summary):
        deep = part["file"].str.startswith("deeptensor")
        oracle = part["iterate"] == "oracle"
        fair = ~part["control"] & ~oracle & (part["status"] == "ok")
        picks = {
            "noisy": part["method"] == "noisy",
            "svd": part["method"] == REFERENCE,
            "classical": fair & ~deep,
            "deeptensor": fair & deep,
            "oracle": oracle & deep,
        }
        best = {name: part.loc[chosen, "psnr_mean"].max() for name, chosen in picks.items()}
        row = {
            name: {
                "label": ", ".join(map(_title, part[chosen & (part["psnr_mean"] == best[name])].itertuples())),
                "psnr": _cell(best[name], "{:.2f}")["text"],
            }
            for name, chosen in picks.items()
        }
        difference = _cell(best["deeptensor"] - best["classical"], "{:+.2f}")["text"]
        rows.append(row | {"experiment": experiment, "panel": title, "difference": difference})
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
