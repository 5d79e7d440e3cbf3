"""What the profiles make of an experiment: methods spread out of grids and patterns, and cuts applied one by one."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from benchmark import settings
from benchmark.catalog import Catalog, File, able
from benchmark.settings import SettingsError, checked


@dataclass(frozen=True)
class Draft:
    """The settings of an experiment after cuts, before the files that they name are looked up."""

    base: settings.Experiment
    protocol: settings.Experiment
    methods: Mapping[str, settings.Method]


def spread(base: settings.Experiment, task: File, place: str, catalog: Catalog) -> dict[str, settings.Method]:
    """Return the methods by name: grids spread out, and `all` replaced by the files that it stands for."""
    used = {entry.file or entry.name for entry in base.methods if entry.name}
    operators = {kind_of(entry) for entry in base.noise.values()}
    result: dict[str, settings.Method] = {}
    for entry in base.methods:
        if entry.name:
            own = _gridded(entry)
        else:
            known_patterns(f"{place}: all_except", "method", entry.all_except, catalog.methods)
            whole = [file.name for file in able(task, operators, catalog) if file.name not in used]
            left = [name for name in whole if not matching([name], entry.all_except)]
            own = [entry.model_copy(update={"name": name, "all_except": None}) for name in left]
        for method in own:
            if method.name in result:
                raise SettingsError(f"{place}: two methods are called {method.name!r}", "give each a name of its own")
            result[method.name] = method
    return result


def cut_down(draft: Draft, cut: settings.Cut, place: str) -> Draft:
    """Return what a cut makes of settings."""
    protocol, methods = draft.protocol, draft.methods
    changed = {
        name: value
        for name in ("seeds", "figures", "pictured", "sweep", "printed")
        if (value := getattr(cut, name)) is not None
    }
    changed["notes"] = " ".join(filter(None, (protocol.notes, cut.notes)))
    if cut.data is not None:
        data = {**draft.base.data, **protocol.data}
        changed["data"] = {
            name: _changed(data.get(name), own, f"{place}: data: {name}") for name, own in cut.data.items()
        }
    if cut.noise is not None:
        noise = {**draft.base.noise, **protocol.noise}
        selected = [name for name, own in cut.noise.items() if not own and name != "none"]
        known_patterns(f"{place}: noise", "name", selected, noise)
        changed["noise"] = {name: _merged(noise.get(name, {}), own) for name, own in cut.noise.items()}
    changed["pose"] = {**protocol.pose, **cut.pose}
    for key in ("only", "without", "methods"):
        known_patterns(f"{place}: {key}", "method", getattr(cut, key) or (), methods)
    kept = set(matching(methods, cut.only or "*")) - set(matching(methods, cut.without))
    methods = {name: method for name, method in methods.items() if name in kept}
    for pattern, change in cut.methods.items():
        for name in matching(methods, [pattern]):
            own = change.model_dump(exclude_none=True) | {"params": {**methods[name].params, **change.params}}
            methods[name] = methods[name].model_copy(update=own)
    return Draft(draft.base, protocol.model_copy(update=changed), methods)


def share_of(method: settings.Method, protocol: settings.Experiment) -> dict[str, list]:
    """Return which of a protocol's data sets and seeds a method is for."""
    seeds = [seed for seed in protocol.seeds if method.seeds is None or seed in method.seeds]
    return {"data": in_order(protocol.data, method.data or ["*"]), "seeds": seeds}


def without_idle(draft: Draft) -> Draft:
    """Return settings without the methods that are for none of their data sets, or for none of their seeds."""
    methods = {name: own for name, own in draft.methods.items() if all(share_of(own, draft.protocol).values())}
    return Draft(draft.base, draft.protocol, methods)


def kind_of(noise: Mapping) -> str | None:
    """Return the kind of operator that a noise entry observes the signal through."""
    operator = noise.get("operator")
    return operator.get("kind") if isinstance(operator, Mapping) else None


def matching(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """Return the names that are one of the patterns, such as `tv*`."""
    patterns = list(patterns)
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def in_order(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """Return the names that are one of the patterns, those of the first pattern first."""
    names = list(names)
    return list(dict.fromkeys(name for pattern in patterns for name in matching(names, [pattern])))


def known_patterns(where: str, kind: str, patterns: Iterable[str], names: Iterable[str]) -> None:
    """Raise SettingsError for a pattern that no name is like."""
    for pattern in patterns:
        if not matching(names, [pattern]):
            raise SettingsError.unknown(where, kind, pattern, names)


def _gridded(entry: settings.Method) -> list[settings.Method]:
    """Return the methods that an entry stands for: one, or one for each combination of its grid."""
    methods = []
    for values in itertools.product(*entry.grid.values()):
        own = dict(zip(entry.grid, values, strict=True))
        texts = {key: text for key in ("name", "label") if (text := getattr(entry, key))}
        for key, value in own.items():
            texts = {name: text.replace(f"{{{key}}}", str(value)) for name, text in texts.items()}
        methods.append(entry.model_copy(update=texts | {"params": {**entry.params, **own}, "grid": {}}))
    return methods


def _changed(old: settings.Data | None, changes: Mapping, place: str) -> settings.Data:
    """Return a data set of a cut: with the settings that it has already, where it has any."""
    return checked(settings.Data, _merged(old.model_dump(exclude_none=True) if old else {}, changes), place)


def _merged(before: Mapping, changes: Mapping) -> dict:
    """Return settings with changes; of a mapping within them what is not changed stays."""
    deep = {name: _merged(before[name], own) for name, own in changes.items() if _are_mappings(before.get(name), own)}
    return {**before, **changes, **deep}


def _are_mappings(*values: Any) -> bool:
    return all(isinstance(value, Mapping) for value in values)
