"""Compares the results in two folders, such as one's own and what is published: `python -m benchmark compare A B`.

Runs are paired: the same experiment, data set, item, noise, seed, method and iterate. A difference is the second
folder's value minus the first one's.
"""

import zlib
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from benchmark.metrics import METRICS
from benchmark.report.claims import effect_of
from benchmark.report.overview import ENTRIES, read_entries
from benchmark.report.tables import file_of, read_scores
from benchmark.settings import listing

PAIR = ["dataset", "item", "noise", "seed", "method", "iterate", "metric"]
GROUP = ["method", "iterate", "metric"]
FACTS = {"params": "parameters", "code_sha256": "code", "data_sha256": "data", "status": "status"}
COLUMNS = "experiment method iterate metric n difference low high time_ratio changed".split()

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 15px system-ui, sans-serif; margin: 2rem; }}
div {{ overflow-x: auto; }}
th, td {{ padding: 0.2rem 0.8rem; text-align: left; }}
tr:nth-child(even) {{ background: #f4f4f4; }}
</style>
<h1>{title}</h1>
<p>Paired differences, the second minus the first, with 95 % intervals.</p>
<div>{table}</div>
</html>
"""


class NotComparable(ValueError):
    """What is given cannot be compared; the message says why, and what can."""


def compare(first: Path, second: Path) -> pd.DataFrame:
    """Return the paired differences of two folders of results, a row for each experiment, method, iterate and measure.

    `difference` is the mean over runs, from `low` to `high` its bootstrap interval; `time_ratio` that of the seconds of
    the methods; `changed` says which of parameters, code and clean signals differ, or in which folder alone there are
    runs; an experiment of one folder alone has one row, without a method. Raises NotComparable where a folder has no
    results, a file cannot be read or has a run twice, or no experiment is in both.
    """
    folders = [first, second]
    for folder in folders:
        if not (folder / ENTRIES).is_file():
            hint = "give the folder of a profile, such as results/embedded, after `make` or a run with `select`"
            raise NotComparable(f"{folder} has no {ENTRIES}: {hint}")
    entries = [_entries_of(folder) for folder in folders]
    common = [name for name in entries[0] if name in entries[1]]
    if not common:
        known = "; ".join(f"{folder}: {listing(own)}" for folder, own in zip(folders, entries, strict=True))
        raise NotComparable(f"no experiment is in both folders: {known}")
    rows = []
    for name in common:
        for folder in folders:
            if not file_of(folder / name / "scores.csv").is_file():
                raise NotComparable(f"{folder / name} has no scores: run the experiment to its end first")
        rows += _of_experiment(name, *(_scores_of(folder / name) for folder in folders))
    for name in sorted({*entries[0]} ^ {*entries[1]}):
        alone = _only_in(first=name in entries[0])
        rows.append(dict.fromkeys(GROUP, "") | {"experiment": name, "n": 0, "changed": alone})
    numbers = dict.fromkeys(["difference", "low", "high", "time_ratio"], float)
    return pd.DataFrame(rows, columns=COLUMNS).astype(numbers)


def past(differences: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """Return the rows whose difference is past a tolerance, in units of the measure, and those of runs that one folder
    alone has, or whose status differs.
    """
    otherwise = differences["changed"].str.contains("only in|status|not all runs")
    return differences[otherwise | (differences["difference"].abs() > tolerance)]


def as_text(differences: pd.DataFrame, tolerance: float) -> str:
    """Return what differs, for a terminal: the rows past the tolerance, and how many there are in all."""
    shown = past(differences, tolerance)
    changed = differences["changed"].ne("").sum()
    lines = [f"{len(differences)} rows compared, {changed} made otherwise, {len(shown)} past {tolerance:g}."]
    if len(shown):
        lines.append(_worded(shown).to_string(index=False))
    return "\n".join([*lines, ""])


def as_html(differences: pd.DataFrame, names: tuple[str, str]) -> str:
    """Return the differences as a page."""
    title = escape(f"{names[1]} against {names[0]}")
    return PAGE.format(title=title, table=_worded(differences).to_html(index=False, border=0))


def _readable(path: Path, read: Callable) -> Any:
    """Return what is read of a file; raise NotComparable if it is damaged."""
    try:
        return read(path)
    except (OSError, EOFError, ValueError, KeyError, zlib.error, yaml.YAMLError) as error:
        raise NotComparable(f"{path} cannot be read ({error}): make it again, or restore it") from error


def _entries_of(folder: Path) -> Mapping[str, Mapping]:
    entries = _readable(folder / ENTRIES, lambda path: read_entries(path.parent))
    if not isinstance(entries, Mapping):
        raise NotComparable(f"{folder / ENTRIES} names no experiments: make it again, or restore it")
    return entries


def _scores_of(folder: Path) -> pd.DataFrame:
    path = file_of(folder / "scores.csv")
    scores = _readable(path, read_scores)
    if lost := sorted({*PAIR, *FACTS, "value", "seconds"} - set(scores.columns)):
        raise NotComparable(f"{path} lacks the columns {listing(lost)}: make it again, or restore it")
    if (doubled := scores.duplicated(PAIR)).any():
        run = ", ".join(str(own) for own in scores.loc[doubled, PAIR].iloc[0])
        raise NotComparable(f"{path} has two rows of {run}: make it again, or restore it")
    return scores


def _of_experiment(name: str, first: pd.DataFrame, second: pd.DataFrame) -> list[dict]:
    """Return the rows of an experiment, of which both folders have scores."""
    pairs = first.merge(second, on=PAIR, how="outer", suffixes=("_first", "_second"), indicator="there")
    rows = []
    for keys, own in pairs.groupby(GROUP, sort=False):
        both = own[own["there"] == "both"]
        values = (both["value_second"] - both["value_first"]).where(both["value_second"] != both["value_first"], 0.0)
        known = values.dropna()
        effect = vars(effect_of(known)) if len(known) else {"n": 0}
        seconds = [both[f"seconds_{side}"].sum() for side in ("first", "second")]
        row = {"experiment": name, **dict(zip(GROUP, keys, strict=True)), "changed": _changed(own, both)}
        row |= {
            "n": effect["n"],
            "difference": effect.get("mean"),
            "low": effect.get("low"),
            "high": effect.get("high"),
        }
        rows.append(row | {"time_ratio": seconds[1] / seconds[0] if seconds[0] > 0 else None})
    return rows


def _changed(own: pd.DataFrame, both: pd.DataFrame) -> str:
    """Return what was made otherwise of the runs that both folders have, or which folder lacks runs."""
    if both.empty:
        return _only_in(first=(own["there"] == "left_only").any())
    words = [word for column, word in FACTS.items() if (both[f"{column}_first"] != both[f"{column}_second"]).any()]
    return ", ".join(words + (["not all runs are in both"] if len(both) < len(own) else []))


def _only_in(*, first: bool) -> str:
    return f"only in the {'first' if first else 'second'}"


def _worded(differences: pd.DataFrame) -> pd.DataFrame:
    """Return the differences with the digits of their measures."""

    def number(value: float, metric: str) -> str:
        digits = METRICS[metric].decimals if metric in METRICS else 3  # of an older version
        return "" if pd.isna(value) else f"{value:+.{digits}f}"

    texts = differences.copy()
    for column in ("difference", "low", "high"):
        texts[column] = [number(*pair) for pair in zip(differences[column], differences["metric"], strict=True)]
    texts["time_ratio"] = ["" if pd.isna(own) else f"{own:.2f}" for own in differences["time_ratio"]]
    return texts
