"""What the workflow says at its start and at its end."""

import json
from collections.abc import Iterable
from pathlib import Path

from benchmark.plan import Plan
from benchmark.source import ROOT


def announcement(plan: Plan, results: str) -> str:
    """Return what will be done, and how long it took where it was measured."""
    lines = [f"Profile {plan.profile!r}. Results go to {results}/, logs to logs/."]
    measured = minutes_of(plan.profile)
    for name in plan.selected:
        experiment, runs = plan.experiments[name], plan.runs_of(name)
        source = experiment.protocol.source
        place = f"; {source.place} of {source.of}" if source and source.place else ""
        took = f"; about {measured[name]:.0f} core-minutes" if name in measured else ""
        lines.append(
            f"  {name} ({experiment.protocol.title}{place}): {len(experiment.methods)} methods on "
            f"{', '.join(experiment.data)}, {len(runs)} runs{took}."
        )
    lines.append("What is there already and up to date is not done again.")
    return "\n".join(lines)


def farewell(plan: Plan, results: str, targets: Iterable[str], since: float = 0.0) -> str:
    """Return where to look: the pages of the experiments that were asked for by name, or the index of all.

    `since` is the time in seconds before which a page is not of this run, as it can be after a failure.
    """
    if asked := [name for name in plan.experiments if name in set(targets)]:
        return "\n".join(_where(Path(f"{results}/{name}/table.html"), since) for name in asked)
    summary, index = Path(f"{results}/summary.txt"), Path(f"{results}/index.html")
    said = summary.read_text(encoding="utf-8") if _is_new(index, since) and summary.exists() else ""
    return f"{said}{_where(index, since)}"


def _where(page: Path, since: float) -> str:
    if _is_new(page, since):
        return f"Open {page}"
    return f"{page} is of an earlier run." if page.exists() else f"{page} was not written."


def _is_new(page: Path, since: float) -> bool:
    return page.exists() and page.stat().st_mtime >= since


def minutes_of(profile: str) -> dict[str, float]:
    """Return the minutes that the methods of each published experiment took, one after the other."""
    manifest = ROOT / "results" / "published" / profile / "manifest.json"
    if not manifest.is_file():
        return {}
    experiments = json.loads(manifest.read_text(encoding="utf-8"))["experiments"]
    return {name: own["seconds_in_methods"] / 60 for name, own in experiments.items()}
