"""In what a profile departs from its source's protocol, computed from the settings of both."""

from collections.abc import Mapping
from typing import Any

from benchmark import settings
from benchmark.catalog import Catalog, File
from benchmark.cuts import Draft, share_of
from benchmark.source import parameters_of

# So many methods are named that share a change.
NAMED = 3


def departures_of(here: Draft, source: Draft, catalog: Catalog) -> list[dict[str, str]]:
    """Return in what a profile differs from the source's protocol: the setting, as there, and as here."""
    rows = []
    for kind in ("data", "noise"):
        there, now = getattr(source.protocol, kind), getattr(here.protocol, kind)
        if list(there) != list(now):
            rows.append((kind, ", ".join(there), ", ".join(now)))
    for name, entry in here.protocol.data.items():
        before, file = source.protocol.data.get(name), entry.file or name
        rows += _changes(name, _told(entry), before and _told(before), _defaults(catalog.datasets, file, "load"))
        if before and (before.file or name) != file:
            rows.append((f"{name}: file", before.file or name, file))
    for name, entry in here.protocol.noise.items():
        rows += _changes(name, _flat(entry), _flat(source.protocol.noise.get(name)), {})
    rows += _changes_of_methods(here, source, catalog)
    if left := [name for name in source.methods if name not in here.methods]:
        rows.append(("methods", str(len(source.methods)), f"{len(here.methods)}, without {_joined(left)}"))
    task = _defaults(catalog.tasks, here.protocol.task, "pose")
    rows += _changes("pose", here.protocol.pose, source.protocol.pose, task)
    rows.append(("seeds", *(str(len(draft.protocol.seeds)) for draft in (source, here))))
    return [{"setting": setting, "source": there, "here": now} for setting, there, now in rows if there != now]


def _changes(name: str, here: Mapping, source: Mapping | None, defaults: Mapping) -> list[tuple[str, str, str]]:
    """Return the settings of a method or data set that differ; of one that the source does not have, all at once."""
    if source is None:
        return [(name, "-", ", ".join(f"{key} {_text(value)}" for key, value in here.items()))] if here else []
    there = {key: source.get(key, defaults.get(key, "-")) for key in here}
    return [(f"{name}: {key}", _text(there[key]), _text(value)) for key, value in here.items()]


def _changes_of_methods(here: Draft, source: Draft, catalog: Catalog) -> list[tuple[str, str, str]]:
    """Return what differs in parameters, data sets and seeds of methods; what several methods share, once for all."""
    shared: dict[tuple[str, str, str], list[str]] = {}
    for name, method in here.methods.items():
        defaults = _defaults(catalog.methods, method.file or name, "solve")
        rows = _changes(name, method.params, source.methods[name].params, defaults)
        before, after = (share_of(own, here.protocol) for own in (source.methods[name], method))
        kept_from = [kind for kind, own in before.items() if set(own) - set(after[kind])]
        rows += [(f"{name}: {kind}", _text(before[kind]), _text(after[kind])) for kind in kept_from]
        for setting, there, now in rows:
            if there != now:
                shared.setdefault((setting.removeprefix(f"{name}: "), there, now), []).append(name)
    return [(f"{_joined(names)}: {setting}", there, now) for (setting, there, now), names in shared.items()]


def _joined(names: list[str]) -> str:
    """Return names, or of many the first and the number of the others."""
    return ", ".join(names) if len(names) <= NAMED else f"{names[0]} and {len(names) - 1} more"


def _flat(noise: Mapping | None) -> dict | None:
    """Return a noise entry with the settings of its operator beside the others; of none None."""
    return noise and {key: own for key, own in noise.items() if key != "operator"} | dict(noise.get("operator") or {})


def _told(entry: settings.Data) -> dict:
    """Return the settings of a data set, with what methods are told."""
    return {key: value for key in ("rank", "budget") if (value := getattr(entry, key)) is not None} | entry.params


def _defaults(files: Mapping[str, File], name: str, function: str) -> dict[str, Any]:
    """Return the defaults of the parameters of a file's function."""
    return {key: own.default for key, own in (parameters_of(files[name].path, function) or {}).items()}


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
