"""Tables of scores: gather the rows of many runs, check them, and summarise them over seeds and items."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jsonschema import Draft202012Validator

from benchmark.metrics import METRICS
from benchmark.storage import intact, load_yaml, remedy, written_whole

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "record.schema.yaml"
LONGEST = 300

CELL = ["dataset", "noise"]
RUN = ["dataset", "item", "noise", "method", "iterate", "seed"]
OBSERVATION = ["dataset", "item", "noise", "seed"]
DTYPES = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}


def gather(score_files: Sequence[Path], experiment: str) -> pd.DataFrame:
    """Return all rows of an experiment's score files, checked, with the column `experiment` added.

    Raises Unusable if a file is damaged or a row breaks the schema, ValueError if there is no file or a run is there
    twice (its weight would double).
    """
    if not score_files:
        raise ValueError(f"experiment {experiment!r} has no score files: give it a data set, a noise and a method")
    scores = pd.concat([_checked(path, experiment) for path in score_files], ignore_index=True)
    repeated = scores.duplicated([*RUN, "metric"])
    if repeated.any():
        run = scores.loc[repeated, RUN].iloc[0].to_dict()
        raise ValueError(f"a run is in the score files of {experiment!r} more than once: {run}; list each file once")
    return scores


def read_scores(path: Path) -> pd.DataFrame:
    """Return the rows of one CSV file of scores, each column of the type that the schema names.

    Names and commits stay text, also where they look like numbers or like missing values.
    """
    dtypes = {name: _type_of(column) for name, column in load_yaml(SCHEMA)["properties"].items()}
    return pd.read_csv(path, dtype=dtypes, keep_default_na=False, na_values=[""])


def file_of(path: Path) -> Path:
    """Return the file of a table, or its compressed form, which published scores and curves have."""
    return path if path.is_file() else path.with_name(f"{path.name}.gz")


def distinct(scores: pd.DataFrame, column: str) -> list[str]:
    """Return the values that a column of the scores has, as sorted texts."""
    return sorted(map(str, scores[column].dropna().unique()))


def read_table(path: Path) -> pd.DataFrame:
    """Return a table of curves or a summary that was written as CSV; names stay text, and seeds whole numbers."""
    columns = "dataset item noise method iterate label file family status metric licence_note".split()
    dtypes = dict.fromkeys(columns, "str") | {"seed": "int64"}
    return pd.read_csv(path, dtype=dtypes, keep_default_na=False, na_values=[""])


def validate_rows(frame: pd.DataFrame) -> None:
    """Return nothing if every row obeys the schema of scores; raise ValueError for the first that does not."""
    validator = Draft202012Validator(load_yaml(SCHEMA))
    rows = frame.astype(object).where(frame.notna(), None)
    for number, row in enumerate(rows.to_dict("records")):
        error = next(validator.iter_errors(row), None)
        if error:
            where = ".".join(map(str, error.path)) or "columns"
            run = f"{row.get('method')} on {row.get('dataset')}"
            raise ValueError(f"row {number} ({run}), {where}: {error.message}; {SCHEMA.name} defines the columns")


def summarise(scores: pd.DataFrame, metric: str, reference: str | None) -> pd.DataFrame:
    """Return a row per data set, noise, method and iterate, sorted by the first two and then by the metric, best first.

    `n` of `runs` (items times seeds) have scores. For each metric, `metric`, the primary one, first:
    `<metric>_mean` and `<metric>_sd` over those n (ddof 1, empty for n = 1) and `<metric>_best`, true for the best
    method that needs no truth, lost no run, and has as many as any: means over other seeds are not ranked. Where there
    is a reference method, `gain` is the mean over the runs of the primary metric minus the reference's on the same
    observation. Seconds and iterations are means, memory is the maximum, over the runs that ended well.
    """
    keys = [*CELL, "method", "iterate"]
    summary = scores.groupby(keys, sort=False)[["label", "file", "family", "control", "licence_note"]].first()
    summary["control"] = summary["control"].astype(bool)
    runs = scores.sort_values("status", key=lambda status: status == "ok", kind="stable").drop_duplicates(RUN)
    summary = summary.join(_status(runs))

    competes = _competes(summary)
    statistics = scores.groupby([*keys, "metric"], sort=False)["value"].agg(["count", "mean", "std"]).unstack("metric")
    summary.insert(0, "n", statistics["count"].max(axis=1).astype(int))
    directions = scores.groupby("metric", sort=False)["higher_is_better"].first()
    for name in sorted(directions.index, key=lambda name: name != metric):
        mean = statistics["mean", name]
        summary[f"{name}_mean"], summary[f"{name}_sd"] = mean, statistics["std", name]
        summary[f"{name}_best"] = _best(mean.where(competes), directions[name])

    if reference is not None:
        summary["gain"] = _gains(scores[scores["metric"] == metric], reference).groupby(keys)["gain"].mean()
    finished = runs[runs["status"] == "ok"].groupby(keys)
    summary = summary.join(finished[["iterations", "seconds"]].mean().astype(float))
    summary = summary.join(finished[["peak_rss_mib", "peak_gpu_mib"]].max())
    order = [True] * len(CELL) + [not directions[metric]]
    return summary.reset_index().sort_values([*CELL, f"{metric}_mean"], ascending=order, ignore_index=True)


def with_printed(summary: pd.DataFrame, printed: Sequence[Mapping], metric: str) -> pd.DataFrame:
    """Return the summary with the column `printed`: what the source prints for the primary metric, on its own data.

    `printed` are those of an experiment's entry: `values` by method, of a `metric` and an `iterate`, and, where they
    are of one of them alone, of `data` and `noise`. Numbers of another metric get a column `printed_<metric>`; those of
    one `item`, over which a summary is a mean, are left out.
    """
    columns = {"printed": pd.Series(np.nan, summary.index)}
    for entry in printed:
        if entry["item"] is not None:
            continue
        name = "printed" if entry["metric"] == metric else f"printed_{entry['metric']}"
        column = columns.setdefault(name, pd.Series(np.nan, summary.index))
        for method, value in entry["values"].items():
            place = {"method": method, "iterate": entry["iterate"], "dataset": entry["data"], "noise": entry["noise"]}
            column[rows_at(summary, {key: own for key, own in place.items() if own is not None})] = value
    return summary.assign(**columns)


def rows_at(frame: pd.DataFrame, place: Mapping) -> np.ndarray:
    """Return which rows of a frame have the values of a place, by column."""
    return np.logical_and.reduce([frame[column] == value for column, value in place.items()])


def timed_per_item(curves: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Return curves with the seconds of one item, as scores have them.

    A method that solves several items at once keeps their common clock, of which the scores of each have an equal part:
    these have the same seconds, to the last digit.
    """
    run = ["dataset", "noise", "label", "seed"]
    times = scores[[*run, "item", "seconds"]].drop_duplicates([*run, "item"])
    times["items"] = times.groupby([*run, "seconds"])["item"].transform("size")
    items = curves[[*run, "item"]].merge(times, "left", [*run, "item"])["items"].fillna(1)
    return curves.assign(seconds=curves["seconds"] / items.to_numpy())


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write `frame` to `path` as CSV or Parquet, by its suffix."""
    with written_whole(path) as partial:
        if path.suffix == ".parquet":
            frame.to_parquet(partial, index=False)
        else:
            frame.to_csv(partial, index=False)


def as_text(summary: pd.DataFrame) -> str:
    """Return the summary as plain text for a terminal: a block per panel, its best truth-free method starred."""
    blocks = []
    for title, part in panels(summary):
        table = pd.DataFrame({"method": part["method"], "iterate": part["iterate"], "n": part["n"].astype(str)})
        for metric in metrics_of(summary):
            stars = part[f"{metric}_best"].map({True: " *", False: ""})
            table[METRICS[metric].label] = [score_text(row, metric) for _, row in part.iterrows()] + stars
        table["seconds"] = part["seconds"].map("{:.3g}".format, na_action="ignore").fillna("-")
        table["note"] = [note_of(row) for _, row in part.iterrows()]
        for column in ("method", "note"):  # pandas aligns text to the right
            table[column] = table[column].str.ljust(table[column].str.len().max())
        blocks.append(f"{title}\n{table.to_string(index=False)}\n")
    return "\n".join(blocks) + "\n* best of the methods that need no truth; mean and sd over n runs (items and seeds)\n"


def failures(scores: pd.DataFrame, results: Path) -> str:
    """Return what to tell of runs that failed, exceeded their time or gave NaN; nothing where none did.

    `results` is the profile's folder. A run whose iterates alone are not finite gave its answer, and is no failure.
    """
    failed = scores[(scores["iterate"] == "returned") & ~scores["status"].isin(["ok", "skipped"])]
    runs = failed.drop_duplicates(RUN)
    if runs.empty:
        return ""
    lines = [
        f"  {row.method} on {row.dataset} ({row.item}), {row.noise}, seed {row.seed}: {row.status}: "
        f"{shortened(row.message)}"
        for row in runs.itertuples()
    ]
    records = [
        results / f"runs/{row.experiment}/{row.dataset}/{row.noise}/{row.method}/{row.seed}/record.json"
        for row in runs.itertuples()
    ]
    holes = "The tables show them as holes. A run is done again when its method, its parameters or its problems change."
    return "\n".join([f"{len(runs)} runs failed:", *lines, holes, remedy(records), ""])


def missing(scores: pd.DataFrame, cells: Iterable[Sequence], folder: Path) -> str:
    """Return what to tell of runs (data set, noise, method, seed) that the scores lack, if any.

    In `folder` lie the files that the scores were gathered from.
    """
    there = set(scores[["dataset", "noise", "method", "seed"]].itertuples(index=False, name=None))
    if not (holes := [cell for cell in map(tuple, cells) if cell not in there]):
        return ""
    lines = [f"  {method} on {dataset}, {noise}, seed {seed}" for dataset, noise, method, seed in holes]
    files = [folder / f"{dataset}/{noise}/{seed}.csv" for dataset, noise, _, seed in holes]
    return "\n".join([f"{len(holes)} runs are not in the table:", *lines, remedy(files), ""])


def panels(summary: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the title and the rows of each data set under each noise of a summary."""
    for names, part in summary.groupby(CELL, sort=False):
        yield ", ".join(names), part


def metrics_of(columns: Iterable[str]) -> list[str]:
    """Return the names of the metrics among the columns of a summary, in its order."""
    return [name.removesuffix("_mean") for name in columns if name.endswith("_mean")]


def score_text(row: pd.Series, metric: str) -> str:
    """Return `mean ± sd` of a metric in a summary's row, without the sd where n = 1, or `-` for a hole."""
    decimals = METRICS[metric].decimals
    mean, sd = row[f"{metric}_mean"], row[f"{metric}_sd"]
    if pd.isna(mean):
        return "-"
    text = f"{mean:.{decimals}f}".replace("inf", "∞")
    return text if pd.isna(sd) else f"{text} ± {sd:.{decimals}f}"


def shortened(message: str) -> str:
    """Return a message of a run in at most 300 characters, and where all of it is if that leaves some out."""
    if len(message) <= LONGEST:
        return message
    return f"{message[:LONGEST].rstrip()}… (cut: the scores, and mostly the run's log, have the whole message)"


def note_of(row: pd.Series) -> str:
    """Return what a reader must know of a summary's row: control, oracle, failures with their reasons, licence."""
    notes = ["control"] * row["control"] + ["uses the truth"] * (row["iterate"] == "oracle")
    notes += [row["status"]] * (row["status"] != "ok") + [row["licence_note"]] * pd.notna(row["licence_note"])
    return "; ".join(notes)


def _checked(path: Path, experiment: str) -> pd.DataFrame:
    with intact(path):
        scores = read_scores(path)
        scores.insert(0, "experiment", experiment)
        validate_rows(scores)
    return scores


def _type_of(column: Mapping) -> str:
    """Return the type in tables of a column of the schema; one of whole numbers that has no holes is plain."""
    kind = column.get("type", "string")
    if kind == "integer":
        return "int64"
    return DTYPES[kind if isinstance(kind, str) else kind[0]]


def _competes(summary: pd.DataFrame) -> pd.Series:
    truth_free = ~summary["control"] & (summary.index.get_level_values("iterate") != "oracle")
    return truth_free & (summary["status"] == "ok") & ran_on_all(summary)


def ran_on_all(summary: pd.DataFrame) -> pd.Series:
    """Tell of each row whether its method has as many runs as any other on its data set under its noise."""
    return summary["runs"] == summary.groupby(CELL)["runs"].transform("max")


def _best(means: pd.Series, higher_is_better: bool) -> pd.Series:
    return means == means.groupby(CELL).transform("max" if higher_is_better else "min")


def _gains(scores: pd.DataFrame, reference: str) -> pd.DataFrame:
    own = scores.loc[(scores["method"] == reference) & (scores["iterate"] == "returned"), [*OBSERVATION, "value"]]
    pairs = scores.merge(own, on=OBSERVATION, how="left", suffixes=("", "_reference"))
    return pairs.assign(gain=pairs["value"] - pairs["value_reference"])


def _status(runs: pd.DataFrame) -> pd.DataFrame:
    """Return `runs` and `status` by keys of the summary; a run that failed is a hole in all of its iterates."""
    rows = {}
    for group, of_method in runs.groupby([*CELL, "method"], sort=False):
        lost = of_method[of_method["status"] != "ok"]
        for iterate, own in of_method.groupby("iterate", sort=False):
            expected = pd.concat([own, lost]).drop_duplicates(OBSERVATION)
            holes = expected[expected["status"] != "ok"].groupby(["status", "message"], sort=False).size()
            reasons = [
                f"{status} ({n} of {len(expected)}): {shortened(message)}" for (status, message), n in holes.items()
            ]
            rows[*group, iterate] = {"runs": len(expected), "status": "; ".join(reasons) or "ok"}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis([*CELL, "method", "iterate"])
