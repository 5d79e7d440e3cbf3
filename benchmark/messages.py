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


def farewell(plan: Plan, results: str, targets: Iterable[str]) -> str:
    """Return where to look: the pages of the experiments that were asked for by name, or the index of all."""
    asked = [name for name in plan.experiments if name in set(targets)]
    if asked:
        pages = [f"{results}/{name}/table.html" for name in asked]
        return "\n".join(f"Open {page}" if Path(page).exists() else f"{page} was not written." for page in pages)
    summary = Path(f"{results}/summary.txt")
    if not summary.exists():
        return f"{results}/index.html was not written."
    return f"{summary.read_text()}Open {results}/index.html\n"


def minutes_of(profile: str) -> dict[str, float]:
    """Return the minutes that the methods of each published experiment took, one after the other."""
    manifest = ROOT / "results" / "published" / profile / "manifest.json"
    if not manifest.is_file():
        return {}
    experiments = json.loads(manifest.read_text(encoding="utf-8"))["experiments"]
    return {name: own["seconds_in_methods"] / 60 for name, own in experiments.items()}
