"""Experiments as a profile has them: the source's protocol, cut down, and every file that it names found."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark import settings
from benchmark.catalog import Catalog, File, able, chosen, models, suits
from benchmark.cuts import Draft, cut_down, in_order, kind_of, known_patterns, matching, spread, without_idle
from benchmark.departures import departures_of
from benchmark.own_files import files_at
from benchmark.settings import NAME, SettingsError, listing, typed
from benchmark.source import fields_of, parameters_of

# What the runner passes to every method.
RUNNERS = ("seed", "device")
FACTS = ("TITLE", "CITATION", "LICENCE", "STANDS_IN_FOR", "WAVELENGTHS")
UNFIT = "use letters, digits, '_', '-' and '.' only"
# What a sweep can show of runs beside the measures of the task: `benchmark.report.figures.sweep` has them.
OF_RUNS = ("best_iteration", "seconds", "peak_rss_mib")


@dataclass(frozen=True)
class Method:
    """A method of an experiment: its file with parameters, a label, and on what, how long and how early it runs."""

    name: str
    file: File
    params: Mapping[str, Any]
    label: str
    data: Sequence[str] | None = None
    seeds: Sequence[int] | None = None
    time_limit: float | None = None
    priority: int = 0

    def runs_on(self, dataset: str, operator: str | None, seed: int) -> bool:
        """Tell whether the method is for a data set, for measurements by a kind of operator, and for a seed."""
        here = (self.data is None or dataset in self.data) and (self.seeds is None or seed in self.seeds)
        return here and suits(self.file, operator)


@dataclass(frozen=True)
class Data:
    """A data set of an experiment: its file with parameters, what methods are told, and own files."""

    name: str
    file: File
    params: Mapping[str, Any]
    rank: int | None
    budget: int | None
    own_files: Sequence[Path] | None = None


@dataclass(frozen=True)
class Experiment:
    """An experiment as a profile has it, every name and parameter of it known."""

    name: str
    protocol: settings.Experiment
    source: settings.Source | None
    task: File
    data: Mapping[str, Data]
    noise: Mapping[str, Mapping]
    methods: Mapping[str, Method]
    pose: Mapping[str, Any]
    departures: Sequence[Mapping[str, str]]

    @cached_property
    def cells(self) -> list[tuple[str, str, str, int]]:
        """The data set, noise, method and seed of each run."""
        cells = itertools.product(self.data, self.noise, self.methods, self.protocol.seeds)
        return [cell for cell in cells if self.methods[cell[2]].runs_on(cell[0], kind_of(self.noise[cell[1]]), cell[3])]

    @property
    def pictured(self) -> list[str]:
        """The noises that figures show."""
        return [name for name in self.noise if name in (self.protocol.pictured or self.noise)]

    @property
    def metric(self) -> str:
        """The primary measure of the task."""
        return self.task.literals["MEASURES"][0]

    def entry(self) -> dict:
        """Return the experiment as plain data: all that its results depend on, and all that its pages say of it."""
        own = self.protocol
        place = own.source.place if own.source else ""
        methods = {
            name: {"file": method.file.name, "label": method.label, "family": method.file.literals["FAMILY"]}
            | {"params": dict(method.params), "data": method.data and list(method.data)}
            | ({} if method.seeds is None else {"seeds": list(method.seeds)})
            for name, method in self.methods.items()
        }
        return {
            "id": self.name,
            "title": own.title,
            "source": {"id": own.source.of} | self.source.model_dump() if own.source else None,
            "place": place,
            "notes": own.notes,
            "departures": list(self.departures),
            "task": self.task.name,
            "metric": self.metric,
            "pose": dict(self.pose),
            "data": {name: _described(data) for name, data in self.data.items()},
            "noise": {name: dict(entry) for name, entry in self.noise.items()},
            "seeds": list(own.seeds),
            "methods": methods,
            "subject": matching(self.methods, own.subject),
            "shown": in_order(self.methods, own.source.methods if own.source else []),
            "reference": own.reference,
            "printed": [printed.model_dump() | {"metric": printed.metric or self.metric} for printed in own.printed],
            "figures": list(own.figures),
            "pictured": self.pictured,
            "sweep": own.sweep.model_dump() if own.sweep else None,
            "claims": [{"where": place, "why": {}} | claim.model_dump(exclude_none=True) for claim in own.claims],
        }


def resolve(
    name: str, base: settings.Experiment, cuts: Sequence[tuple[str, settings.Cut]], place: str, catalog: Catalog
) -> Experiment:
    """Return an experiment after cuts, each with its place; raise SettingsError for the first fault, with its place."""
    _check_names("experiment", [name], place)
    task = chosen(catalog.tasks, base.task, "tasks", f"{place}: task")
    if base.source and base.source.of not in catalog.sources:
        raise SettingsError.unknown(f"{place}: source", "file sources/", f"{base.source.of}.yaml", catalog.sources)
    source = Draft(base, base, spread(base, task, place, catalog))
    draft = source
    for where, cut in cuts:
        draft = cut_down(draft, cut, where)
    protocol = draft.protocol
    for kind, names in (("data", protocol.data), ("noise", protocol.noise), ("methods", draft.methods)):
        _check_names(kind, names, place)
    data = {own: _data(own, entry, task, place, catalog) for own, entry in protocol.data.items()}
    for own, entry in protocol.noise.items():
        if not entry and own != "none":
            raise SettingsError(
                f"{place}: noise: {own!r} says nothing", "give it a `model` or an `operator`, or call it none"
            )
    noise = {own: _noise(entry, task, f"{place}: noise: {own}", catalog) for own, entry in protocol.noise.items()}
    known = _known(base, protocol)
    for own, entry in draft.methods.items():
        known_patterns(f"{place}: methods: {own}: data", "name", entry.data or (), known["data"])
        if entry.seeds and not set(entry.seeds) & known["seeds"]:
            there = f"there are: {listing(known['seeds'])}"
            raise SettingsError(f"{place}: methods: {own}: seeds: none is among those of the experiment", there)
    draft = without_idle(draft)
    methods = {own: _method(own, entry, task, data, place, catalog) for own, entry in draft.methods.items()}
    if not methods:
        raise SettingsError(f"{place}: no method is left", "let `without` and `all_except` leave one")
    _check_operators(methods, base, place)
    for label, number in Counter(method.label for method in methods.values()).items():
        if number > 1:
            raise SettingsError(f"{place}: {number} methods have the label {label!r}", "give each a label of its own")
    _check_mentions(draft, source, task, known, place, catalog)
    pose = typed(protocol.pose, parameters_of(task.path, "pose"), f"{place}: pose", task.place)
    found = catalog.sources[base.source.of] if base.source else None
    departures = departures_of(draft, source, catalog)
    return Experiment(name, protocol, found, task, data, noise, methods, pose, departures)


def _data(name: str, entry: settings.Data, task: File, place: str, catalog: Catalog) -> Data:
    where = f"{place}: data: {name}"
    file = chosen(catalog.datasets, entry.file or name, "datasets", where)
    params = typed(entry.params, parameters_of(file.path, "load"), where, file.place)
    kind, kinds = file.literals["KIND"], task.literals["KINDS"]
    if kind not in kinds:
        takes = f"it takes: {listing(kinds)}; the tasks that take {kind}: " + listing(
            own.name for own in catalog.tasks.values() if kind in own.literals.get("KINDS", ())
        )
        raise SettingsError(f"{where}: {file.place} makes {kind}, which the task {task.name!r} does not take", takes)
    files = None if params.get("path") is None else _own_files(params["path"], where)
    return Data(name, file, params, entry.rank, entry.budget, files)


def _own_files(path: str, where: str) -> list[Path]:
    """Return the files at a path of the user's; raise SettingsError if the workflow could not take them as inputs."""
    start = f"the path starts from {Path.cwd()}"
    try:
        if not path.strip() or not (place := Path(path).expanduser()).exists():
            raise SettingsError(f"{where}: there is nothing at the path {path!r}", start)
        files = files_at(place)
    except (OSError, RuntimeError) as error:  # no right to look, or no home
        raise SettingsError(f"{where}: the path {path!r} cannot be read", str(error)) from error
    if not files:
        raise SettingsError(f"{where}: there is no file in the folder {path!r}", start)
    if unfit := [file for file in files if re.search(r"[{}\n]", str(file))]:
        raise SettingsError(f"{where}: {str(unfit[0])!r} has a sign that the workflow cannot take", "rename it")
    return files


def _noise(entry: Mapping, task: File, where: str, catalog: Catalog) -> dict:
    """Return a noise entry with the settings of its model and of its operator checked."""
    own = {key: value for key, value in entry.items() if key not in ("model", "operator", "noise_on")}
    operator, result = entry.get("operator"), {}
    if own and "model" not in entry:
        known = models("model", task.path, catalog.root)
        raise SettingsError(
            f"{where}: {next(iter(own))!r} is no setting without a `model`", f"there are: {listing(known)}"
        )
    if "model" in entry:
        result |= _modelled("model", {"model": entry["model"]} | own, task, where, catalog)
    if operator is not None:
        result["operator"] = _modelled("kind", operator, task, f"{where}: operator", catalog)
    if "noise_on" in entry:
        if operator is None or entry["noise_on"] not in ("signal", "measurements"):
            hint = "beside an operator it is: signal, measurements"
            raise SettingsError(
                f"{where}: noise_on: {entry['noise_on']!r} does not say what the noise is added to", hint
            )
        result["noise_on"] = entry["noise_on"]
    return result


def _modelled(key: str, entry: Any, task: File, where: str, catalog: Catalog) -> dict:
    """Return the settings of a noise model or an operator, which `key` names among them."""
    known = models(key, task.path, catalog.root)
    if not isinstance(entry, Mapping):
        raise SettingsError(f"{where}: {entry!r} is no mapping", f"write {{{key}: ...}}, of: {listing(known)}")
    name = entry.get(key)
    if not isinstance(name, str) or name not in known:
        raise SettingsError.unknown(where, key, name, known)
    own = {setting: value for setting, value in entry.items() if setting != key}
    return {key: name} | typed(own, fields_of(*known[name]), where, name)


def _method(
    name: str,
    entry: settings.Method,
    task: File,
    data: Iterable[str],
    place: str,
    catalog: Catalog,
) -> Method:
    where = f"{place}: methods: {name}"
    file = chosen(catalog.methods, entry.file or name, "baselines", where)
    if task.name not in file.literals["TASKS"]:
        others = listing(own.name for own in able(task, [None], catalog))
        raise SettingsError(f"{where}: {file.place} is not for the task {task.name!r}", f"these are: {others}")
    on = entry.data and in_order(data, entry.data)
    params = typed(entry.params, parameters_of(file.path, "solve", RUNNERS), where, file.place)
    own = file.literals["LABEL"]
    label = entry.label or (own if name == file.name else f"{own} ({name})")
    return Method(name, file, params, label, on, entry.seeds, entry.time_limit, entry.priority)


def _check_names(kind: str, names: Iterable[str], place: str) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise SettingsError(f"{place}: {kind}: {name!r} becomes a folder", UNFIT)


def _check_operators(methods: Mapping[str, Method], base: settings.Experiment, place: str) -> None:
    """Raise SettingsError for a method that is for none of the operators of the protocol."""
    kinds = {kind_of(entry) for entry in base.noise.values()}
    for name, method in methods.items():
        if not any(suits(method.file, kind) for kind in kinds):
            fit = f"it is for: {listing(method.file.literals['OPERATORS'])}"
            raise SettingsError(f"{place}: methods: {name}: {method.file.place} is for no operator here", fit)


def _known(base: settings.Experiment, protocol: settings.Experiment) -> dict[str, set]:
    """Return the data sets, noises and seeds of an experiment in whatever profile, and of what it is cut to."""
    cuts = [base, protocol, *base.profiles.values()]
    return {kind: {name for cut in cuts for name in getattr(cut, kind) or ()} for kind in ("data", "noise", "seeds")}


def _check_mentions(
    here: Draft, source: Draft, task: File, known: Mapping[str, set], place: str, catalog: Catalog
) -> None:
    """Check that figures, measures, statistics, and what is named outside `methods`, `data` and `noise`, are there."""
    protocol, methods = here.protocol, source.methods
    measure, measures = f"measure of the task {task.name!r}", task.literals["MEASURES"]
    _check_names_of(
        f"{place}: figures", f"figure of the task {task.name!r}", protocol.figures, task.literals["FIGURES"]
    )
    known_patterns(f"{place}: subject", "method", protocol.subject, methods)
    known_patterns(f"{place}: source: methods", "method", protocol.source.methods if protocol.source else [], methods)
    _check_names_of(f"{place}: reference", "method", [protocol.reference], methods)
    cells = {kind: {**getattr(source.protocol, kind), **getattr(protocol, kind)} for kind in ("data", "noise")}
    _check_names_of(f"{place}: pictured", "noise", protocol.pictured or (), cells["noise"])
    for printed in protocol.printed:
        _check_names_of(f"{place}: printed", "method", printed.values, methods)
        _check_names_of(f"{place}: printed", measure, [printed.metric], measures)
        for kind, names in cells.items():
            _check_names_of(f"{place}: printed", kind, [getattr(printed, kind)], names)
    if sweep := protocol.sweep:
        _check_names_of(f"{place}: sweep", measure, sweep.metrics, [*measures, *OF_RUNS])
        if sweep.over != "rank":
            kind = "noise" if sweep.over == "noise" else "data"
            _check_names_of(f"{place}: sweep", kind, sweep.values, cells[kind])
    for claim in protocol.claims:
        for condition in claim.conditions:
            where = f"{place}: claims: {claim.id}"
            named, shown = _checked_statistic(condition, where, catalog)
            _check_names_of(where, "method", named, methods)
            _check_names_of(where, measure, shown, measures)
            for key, kind in (("dataset", "data"), ("noise", "noise")):
                places = [condition.model_extra.get(end, {}).get(key) for end in ("start", "end")]
                named_there = [*(getattr(condition, key) or ()), *filter(None, places)]
                known_patterns(f"{where}: {key}", "name", [own.removeprefix("!") for own in named_there], known[kind])
            left = [here.methods[name].seeds or protocol.seeds for name in named if name in here.methods]
            if len({frozenset(protocol.seeds) & frozenset(seeds) for seeds in left}) > 1:
                raise SettingsError(
                    f"{where}: {listing(named)} run on other seeds", "compare methods that run on the same"
                )


def _check_names_of(where: str, kind: str, names: Iterable[str | None], known: Iterable[str]) -> None:
    """Raise SettingsError for a name that is not known; None is no name."""
    for name in names:
        if name is not None and name not in known:
            raise SettingsError.unknown(where, kind, name, known)


def _checked_statistic(condition: settings.Condition, where: str, catalog: Catalog) -> tuple[list[str], list[str]]:
    """Check the arguments of a condition's statistic; return the methods and the measures among them."""
    path, arguments = catalog.root / "benchmark" / "report" / "statistics.py", condition.model_extra
    parameters = parameters_of(path, condition.statistic)
    if not parameters:
        raise SettingsError(
            f"{where}: unknown statistic {condition.statistic!r}", f"benchmark/report/{path.name} has them"
        )
    typed(arguments, parameters, where, condition.statistic)
    named = [name for key in ("of", "to") for name in _listed(arguments.get(key, ()))]
    return [name.partition(":")[0] for name in named], _listed(arguments.get("metric", ()))


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _described(data: Data) -> dict:
    own = {"file": data.file.name, "kind": data.file.literals["KIND"], "rank": data.rank, "budget": data.budget}
    stated = {fact.lower(): data.file.literals.get(fact) for fact in FACTS}
    return own | {"params": dict(data.params)} | stated
