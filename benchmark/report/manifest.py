"""What the experiments of a profile took, and when and with what their runs were made."""

from collections.abc import Mapping

import pandas as pd

from benchmark.report.tables import distinct

RUN = ["task", "dataset", "noise", "method", "seed"]


def manifest_of(profile: str, scores: Mapping[str, pd.DataFrame]) -> dict:
    """Return the facts of each experiment of a profile, whose scores are given by its name, as JSON can hold them."""
    experiments = {name: facts_of(own) for name, own in scores.items()}
    return {"profile": profile, "settings": "experiments.yaml", "experiments": experiments}


def facts_of(scores: pd.DataFrame) -> dict:
    """Return what the runs of an experiment took, and their commits, machines and versions.

    A run solves one or more `signals`, the items of its data set. `seconds_in_methods` is the time of all runs one
    after the other, their warm-up included, which `seconds_of_warm_up` is alone: a run has one, that stands at each of
    its items. `span_seconds` is from the start of the first to the end of the last: the wall time where they were made
    in one go. `peak_mib` is the largest memory of a process, or on a GPU of what was allocated there, with the method.
    """
    items = scores.drop_duplicates([*RUN, "item"])
    runs = items.groupby(RUN, sort=False).agg(
        started=("started", "first"), seconds=("seconds", "sum"), warmup=("warmup_seconds", "max")
    )
    warmup = runs["warmup"].fillna(0)
    seconds = runs["seconds"] + warmup
    starts = pd.to_datetime(runs["started"], utc=True, format="ISO8601")
    span = (starts + pd.to_timedelta(seconds, unit="s")).max() - starts.min()

    return {
        "runs": len(runs),
        "signals": len(items),
        "signals_ok": int((items["status"] == "ok").sum()),
        "started": f"{starts.min():%Y-%m-%d %H:%M} UTC",
        "span_seconds": round(span.total_seconds()),
        "seconds_in_methods": round(seconds.sum()),
        "seconds_of_warm_up": round(warmup.sum()),
        "seconds_of_longest_run": round(seconds.max()),
        "peak_mib": _largest(items, "peak_rss_mib"),
        "peak_gpu_mib": _largest(items, "peak_gpu_mib"),
        "commits": distinct(items, "git_commit"),
        "uncommitted_changes": bool(items["git_dirty"].fillna(False).any()),
        "devices": distinct(items, "device_name"),
        "processors": distinct(items, "cpu_name"),
        "threads": distinct(items, "threads"),
        "python": distinct(items, "python"),
        "torch": distinct(items, "torch"),
    }


def _largest(items: pd.DataFrame, column: str) -> dict | None:
    if items[column].isna().all():
        return None
    row = items.loc[items[column].idxmax()]
    return {"method": row["method"], "mib": round(row[column])}
