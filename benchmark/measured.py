"""How long experiments take, by what was measured when they were published."""

import json
from collections.abc import Iterable
from functools import cache
from math import ceil, inf

from benchmark.source import ROOT

# Of a run and its part of the scores, the seconds to start their processes.
START_UP = 1.5
# Of a run that was never measured, in MiB.
MEMORY = 4000
# Minutes to start a job, and to end it.
MARGIN = 5


@cache
def measured_of(profile: str) -> dict[str, dict]:
    """Return what was measured of each published experiment of a profile."""
    manifest = ROOT / "results" / "published" / profile / "manifest.json"
    return json.loads(manifest.read_text(encoding="utf-8"))["experiments"] if manifest.is_file() else {}


def minutes_of(profile: str) -> dict[str, float]:
    """Return the core-minutes of each published experiment of a profile: in its methods, and to start its runs."""
    return {
        name: (own["seconds_in_methods"] + START_UP * own["runs"]) / 60 for name, own in measured_of(profile).items()
    }


def memory_of(experiment: str, profile: str) -> int:
    """Return the MiB to ask a cluster for one run: half as much again as the most that one took, or `MEMORY`."""
    own = measured_of(profile).get(experiment)
    return MEMORY if own is None else ceil(1.5 * own["peak_mib"]["mib"])


def runtime_of(experiment: str, profile: str, time_limit: float) -> int:
    """Return the minutes to ask a cluster for one run: twice those of the longest one, or what it may take at most.

    `time_limit`, in seconds, is when the runner ends it; it then has some minutes left to say so.
    """
    own = measured_of(profile).get(experiment)
    seconds = time_limit if own is None else min(time_limit, 2 * own["seconds_of_longest_run"])
    return ceil(seconds / 60) + MARGIN


def shortest_first(names: Iterable[str], measured: dict[str, float]) -> list[str]:
    """Return experiments by their minutes, those last that were never measured."""
    return sorted(names, key=lambda name: measured.get(name, inf))


def fitting(names: Iterable[str], measured: dict[str, float], minutes: float, cores: int) -> list[str]:
    """Return those of the experiments, the shortest first, that fit into so many minutes on so many cores."""
    chosen, spent = [], 0.0
    for name in shortest_first(names, measured):
        spent += measured.get(name, inf) / cores
        if spent > minutes:
            break
        chosen.append(name)
    return chosen


def time_left(names: Iterable[str], measured: dict[str, float], cores: int) -> str:
    """Return about how long experiments take, in words; of those that were never measured, that it is not known."""
    names = list(names)
    known = sum(measured[name] for name in names if name in measured) / cores
    unknown = [name for name in names if name not in measured]
    about = f"about {max(1, round(known))} min on {cores} cores" if known else ""
    return ", and ".join(filter(None, [about, f"an unknown time for {', '.join(unknown)}" if unknown else ""]))
