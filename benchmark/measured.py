"""How long experiments take, by what was measured when they were published."""

import json
from collections.abc import Iterable

from benchmark.source import ROOT

# Of a run and its scores, the seconds to start their processes.
START_UP = 2.0


def minutes_of(profile: str) -> dict[str, float]:
    """Return the core-minutes of each published experiment of a profile: in its methods, and to start its runs."""
    manifest = ROOT / "results" / "published" / profile / "manifest.json"
    if not manifest.is_file():
        return {}
    experiments = json.loads(manifest.read_text(encoding="utf-8"))["experiments"]
    return {name: (own["seconds_in_methods"] + START_UP * own["runs"]) / 60 for name, own in experiments.items()}


def fitting(names: Iterable[str], measured: dict[str, float], minutes: float, cores: int) -> list[str]:
    """Return those of the experiments, the shortest first, that fit into so many minutes on so many cores."""
    chosen, spent = [], 0.0
    for name in sorted((name for name in names if name in measured), key=measured.get):
        spent += measured[name] / cores
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
