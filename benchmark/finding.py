"""Experiments as they stand in their files and in the config: which there are, and which of them are to be run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark import settings
from benchmark.cuts import known_patterns, matching
from benchmark.settings import SettingsError, checked, read_yaml

# Names that experiments cannot have: of rules, which are targets as experiments are, and of folders of the results.
RULES = {
    *"all default download prepare pose run_method run_control score table figure sweep".split(),
    *"assets page scorecard index complete".split(),
}
RESERVED = RULES | {"data", "runs", "scores", "site"}


@dataclass(frozen=True)
class Found:
    """An experiment before any cut, or its fault, with the place of it and what the config changes of it."""

    name: str
    place: str
    base: settings.Experiment | SettingsError
    changes: Mapping | None = None


def find(config: settings.Config, root: Path, shown: Callable[[Path], str]) -> dict[str, Found]:
    """Return the experiments of the folders and of the config by name; `shown` is how a place is written."""
    found: dict[str, Found] = {}
    for name in config.folders:
        folder = root / Path(name).expanduser()
        if not folder.is_dir():
            raise SettingsError(f"config: folders: {name} is no folder", "give folders with a YAML file an experiment")
        for path in sorted(folder.glob("[!_.]*.yaml")):
            place = shown(path)
            if path.stem in found:
                raise SettingsError(f"{place}: {found[path.stem].place} has this name, too", "rename one of them")
            found[path.stem] = Found(path.stem, place, _base(read_yaml, path, place))
    for name, entry in config.experiments.items():
        place = f"config: experiments: {name}"
        if name in found:
            found[name] = replace(found[name], changes=entry)
        else:
            found[name] = Found(name, place, _base(dict, entry, place))
    for own in found.values():
        if own.name in RESERVED:
            raise SettingsError(f"{own.place}: the workflow uses the name {own.name!r} itself", "rename it")
    return found


def select(found: Mapping[str, Found], config: settings.Config) -> list[str]:
    """Return the names of the experiments that are to be run; raise SettingsError where none has the profile."""
    known_patterns("config: select", "experiment", config.select, found)
    meant = [name for name, own in found.items() if has_profile(own, config)]
    for pattern in config.select:
        if not matching(meant, [pattern]):
            bases = [own.base for own in found.values() if isinstance(own.base, settings.Experiment)]
            known = {*config.profiles, *(name for base in bases for name in base.profiles)}
            raise SettingsError.unknown("config: profile", "profile", config.profile, known)
    return matching(meant, config.select)


def has_profile(own: Found, config: settings.Config) -> bool:
    """Tell whether the profile is one of the config or of the experiment, or the experiment has none to choose of."""
    if config.profile in config.profiles or own.changes is not None or isinstance(own.base, SettingsError):
        return True
    return not own.base.profiles or config.profile in own.base.profiles


def cuts_of(own: Found, config: settings.Config) -> list[tuple[str, settings.Cut]]:
    """Return the cuts of the profile, the one that all others extend first, and the config's own after them.

    Each stands with its place.
    """
    here, base = f"config: experiments: {own.name}", own.base
    known = {*config.profiles, *base.profiles}
    changes = checked(settings.Cut, own.changes or {}, here)
    if changes.extends and changes.extends not in known:
        raise SettingsError.unknown(f"{here}: extends", "profile", changes.extends, known)
    cuts, profile = [(here, changes)] if own.changes else [], changes.extends or config.profile
    seen: list[str] = []
    while profile in base.profiles:
        seen.append(profile)
        cut = base.profiles[profile]
        cuts.insert(0, (f"{own.place}: profiles: {profile}", cut))
        if cut.extends is None:
            break
        if cut.extends in seen:
            circle = " -> ".join([*seen, cut.extends])
            raise SettingsError(f"{own.place}: profiles: {circle} extend each other", "let one of them extend none")
        if cut.extends not in known:
            raise SettingsError.unknown(f"{own.place}: profiles: {profile}: extends", "profile", cut.extends, known)
        profile = cut.extends
    return cuts


def _base(read: Callable[[Any], Any], source: Any, place: str) -> settings.Experiment | SettingsError:
    """Return an experiment before any cut, or why it cannot be: nobody may want it."""
    try:
        return checked(settings.Experiment, read(source), place)
    except SettingsError as error:
        return error
