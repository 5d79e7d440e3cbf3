"""What the workflow says at its start, as experiments are done, and at its end."""

import json
from collections.abc import Iterable
from pathlib import Path

from benchmark.measured import minutes_of, time_left
from benchmark.plan import Plan
from benchmark.storage import save_json

# What was started: the experiments that are not done, and the cores.
START = "start.json"


def announcement(plan: Plan, results: str, logs: str, cores: int, due: Iterable[str]) -> str:
    """Return what will be done, and about how long it takes where that was measured; note what is `due` in `logs`."""
    wanted = set(due)
    save_json(Path(logs, START), {"due": [name for name in plan.experiments if name in wanted], "cores": cores})
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
    whole = f"All of it takes {time_left(plan.selected, measured, cores)}; " if measured else ""
    lines.append(f"{whole}what is there already and up to date is not done again.")
    return "\n".join(lines)


def progress(experiment: str, results: Path, logs: Path) -> str:
    """Return that an experiment is done, where its page is, and about how long the others of `START` in `logs` take.

    A `complete.txt` that is older than that is of an earlier run.
    """
    said = f"{experiment} is done: open {page_of(results, experiment)}\n"
    if not (logs / START).is_file():
        return said
    start, since = json.loads((logs / START).read_text(encoding="utf-8")), (logs / START).stat().st_mtime
    others = [name for name in start["due"] if name != experiment]
    left = [name for name in others if not _is_new(results / name / "complete.txt", since)]
    took = time_left(left, minutes_of(results.name), start["cores"])
    return said + (f"Left: {', '.join(left)}; {took}.\n" if left else "")


def farewell(plan: Plan, results: str, targets: Iterable[str], since: float = 0.0) -> str:
    """Return where to look: the pages of the experiments that were asked for by name, or the index of all.

    `since` is the time in seconds before which a page is not of this run, as it can be after a failure.
    """
    if asked := [name for name in plan.experiments if name in set(targets)]:
        return "\n".join(_where(page_of(Path(results), name), since) for name in asked)
    summary, index = Path(f"{results}/summary.txt"), Path(f"{results}/site/index.html")
    said = summary.read_text(encoding="utf-8") if _is_new(index, since) and summary.exists() else ""
    return f"{said}{_where(index, since)}"


def page_of(results: Path, experiment: str) -> Path:
    """Return the page of an experiment below the folder of a profile's results."""
    return results / "site" / results.name / f"{experiment}.html"


def _where(page: Path, since: float) -> str:
    if _is_new(page, since):
        return f"Open {page}"
    return f"{page} is of an earlier run." if page.exists() else f"{page} was not written."


def _is_new(path: Path, since: float) -> bool:
    return path.exists() and path.stat().st_mtime >= since
