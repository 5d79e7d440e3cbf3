"""What is to be run: the experiments of a profile with all their runs, checked before anything starts.

`Plan.read(config)` reads the files of `experiments/`, `sources/`, `tasks/`, `baselines/` and `datasets/`, runs none of
them, and answers all that the rules of the workflow ask; what a rule asks for it names by its wildcards.
"""

import itertools
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from glob import escape
from pathlib import Path
from typing import Any

from benchmark import settings
from benchmark.catalog import METHOD, Catalog, File, files_of, missing_packages, models
from benchmark.cuts import known_patterns, matching
from benchmark.experiments import Experiment, resolve
from benchmark.settings import SettingsError, checked, read_yaml
from benchmark.source import ROOT, code_of

CONFIG = "config/config.yaml"
DAY = 86400.0
# Names that experiments cannot have: of rules, which are targets as experiments are, and of folders of the results.
RULES = "all default download prepare pose run_method run_control score table figure sweep scorecard index complete"
RESERVED = {*RULES.split(), "data", "runs"}
# Where results are kept, beside those of profiles.
PUBLISHED = "published"
# What figures need of an experiment's entry.
DRAWN = ("id", "metric", "data", "methods", "subject", "reference", "seeds", "sweep")


@dataclass(frozen=True)
class Run:
    """One job of a method: all items of a data set under one noise and seed."""

    experiment: str
    task: str
    dataset: str
    noise: str
    method: str
    seed: int
    file: str
    params: Mapping[str, Any]
    observation: Mapping[str, Any]
    device: str
    threads: int

    @property
    def task_file(self) -> str:
        """The file of the task."""
        return f"tasks/{self.task}.py"

    @property
    def folder(self) -> str:
        """Where the run lies below the folder of its profile."""
        return f"runs/{self.experiment}/{self.dataset}/{self.noise}/{self.method}/{self.seed}"


class Plan:
    """The experiments of a profile, and what the rules of the workflow ask of them."""

    def __init__(self, config: settings.Config, root: Path):
        self.config, self.root, self.profile = config, root, config.profile
        self._digests: dict[tuple, str] = {}
        self.catalog = Catalog(
            root,
            *(files_of(root, folder) for folder in ("baselines", "datasets", "tasks")),
            sources={
                path.stem: checked(settings.Source, read_yaml(path), self.shown(path))
                for path in sorted((root / "sources").glob("*.yaml"))
            },
        )
        found = self._read_experiments()
        for name, (place, *_) in found.items():
            if name in RESERVED:
                raise SettingsError(f"{place}: the workflow uses the name {name!r} itself", "give it another name")
        if config.profile == PUBLISHED:
            raise SettingsError("config: profile: results that are kept lie there", "give the profile another name")
        known = {*config.profiles, *(name for _, base, _ in found.values() for name in base.profiles)}
        if config.profile not in known and not config.experiments:
            raise SettingsError.unknown("config: profile", "profile", config.profile, known)
        known_patterns("config: select", "experiment", config.select, found)
        self.selected = matching(found, config.select)
        self.experiments: dict[str, Experiment] = {}
        for name, (place, base, own) in found.items():
            try:
                cuts = self._cuts(name, base, place, own)
                self.experiments[name] = resolve(name, base, cuts, place, self.catalog)
            except SettingsError:
                if name in self.selected:  # what is not wanted need not be possible
                    raise
        if both := set(self.methods(True)) & set(self.methods(False)):
            what = f"the method {min(both)!r} is a control that sees the truth in one experiment, and not in another"
            raise SettingsError(what, "give the two names of their own")

    @classmethod
    def read(cls, config: Mapping, root: Path = ROOT) -> "Plan":
        """Return the plan of a config, merged into the one that ships; raise SettingsError for its first fault."""
        return cls(checked(settings.Config, read_yaml(root / CONFIG) | dict(config), "config"), root)

    def runs_of(self, experiment: str) -> list[Run]:
        """Return the runs of an experiment."""
        return [self.run(experiment, *cell) for cell in self.experiments[experiment].cells]

    def run(self, experiment: str, dataset: str, noise: str, method: str, seed: int) -> Run:
        """Return a run by its names."""
        own = self.experiments[experiment]
        file = own.methods[method].file
        return Run(
            experiment,
            own.task.name,
            dataset,
            noise,
            method,
            int(seed),
            file=self.shown(file.path),
            params=own.methods[method].params,
            observation=own.noise[noise],
            device=self.config.device if self.on_gpu(experiment, method) else "cpu",
            threads=self.config.threads,
        )

    def pictured(self, experiment: str, dataset: str, noise: str) -> list[Run]:
        """Return the runs of a cell that figures show, those of the first seed."""
        seed = self.experiments[experiment].protocol.seeds[0]
        return [run for run in self.runs_of(experiment) if (run.dataset, run.noise, run.seed) == (dataset, noise, seed)]

    def pictured_problems(self, experiment: str, dataset: str, noise: str) -> str:
        """Return where the problems of such a cell lie, below the folder of the profile, but for the endings."""
        return f"data/{experiment}/{dataset}/{noise}/{self.experiments[experiment].protocol.seeds[0]}"

    def on_gpu(self, experiment: str, method: str) -> bool:
        """Tell whether a method shall run on a GPU."""
        return self._has_gpu and "cuda" in self.experiments[experiment].methods[method].file.literals["DEVICES"]

    def time_limit_of(self, experiment: str, method: str) -> float:
        """Return the seconds that a run of a method may take."""
        return self.experiments[experiment].methods[method].time_limit or self._own("time_limit") or DAY

    @property
    def mirror(self) -> str | None:
        """The folder or URL that is tried before the published addresses."""
        return self._own("mirror")

    def registry_of(self, source: str) -> Path:
        """Return the list of files of a registry, which several data sets may share."""
        return self.root / "datasets" / "registry" / f"{source}.txt"

    def source_of(self, experiment: str, dataset: str) -> str:
        """Return the name of the registry, and of the folder of downloads, of a data set."""
        file = self.experiments[experiment].data[dataset].file
        return file.literals.get("REGISTRY", file.name)

    def downloads_of(self, experiment: str, dataset: str) -> str:
        """Return the folder of the downloads of a data set."""
        return f"{self.config.downloads}/{self.source_of(experiment, dataset)}"

    def inputs_of(self, experiment: str, dataset: str) -> list[Path]:
        """Return what a data set is read from: the user's own file or all in a folder, or its manifest of downloads."""
        if own := self.experiments[experiment].data[dataset].params.get("path"):
            path = Path(own).expanduser()
            return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else _with_header(path)
        source = self.source_of(experiment, dataset)
        return [Path(self.config.downloads, f"{source}.json")] if self.registry_of(source).is_file() else []

    def preparation_of(self, experiment: str, dataset: str) -> dict:
        """Return what the items of a data set depend on beside its files."""
        data = self.experiments[experiment].data[dataset]
        return {
            "file": self.shown(data.file.path),
            "code": [self._digest(data.file.path, "load", "KIND"), self.code("preparing", "prepare")],
            "params": dict(data.params),
            "rank": data.rank,
            "budget": data.budget,
        }

    def posing_of(self, experiment: str, dataset: str, noise: str, seed: int) -> dict:
        """Return what problems depend on beside the items."""
        own = self.experiments[experiment]
        task, entry = own.task.path, own.noise[noise]
        used = [("model", entry)] * ("model" in entry) + [("kind", entry.get("operator"))] * ("operator" in entry)
        classes = [models(key, task, self.root)[named[key]] for key, named in used]
        code = [self._digest(path, name) for path, name in [(task, "pose"), *classes]]
        code += [self.code("posing", "pose_items", "observation_of"), self.code("observation", "Observation")]
        return {
            "task": self.shown(task),
            "code": code,
            "params": dict(own.pose),
            "observation": dict(entry),
            "seed": int(seed),
            "place": [dataset, noise],
        }

    def running_of(self, experiment: str, dataset: str, noise: str, method: str, seed: int) -> dict:
        """Return what a run depends on beside its problems; a package that is installed later makes it run again."""
        file = self.experiments[experiment].methods[method].file
        task = self.experiments[experiment].task.path
        code = [self._digest(file.path, *METHOD), self._digest(task, "answer_shape", "OPTIONAL")]
        run = asdict(self.run(experiment, dataset, noise, method, seed))
        return {"run": run, "code": code, "missing": missing_packages(file.literals)}

    def scoring_of(self, experiment: str, dataset: str, noise: str, method: str, seed: int) -> dict:
        """Return what the scores of a run depend on beside its estimates."""
        own, entry = self.experiments[experiment], self.experiments[experiment].methods[method]
        literals = entry.file.literals
        names = {
            "file": entry.file.name,
            "label": entry.label,
            "family": literals["FAMILY"],
            "control": literals.get("CONTROL", False),
            "licence_note": literals.get("LICENCE_NOTE", ""),
        }
        code = self._digest(own.task.path, "MEASURES", "measures")
        run = asdict(self.run(experiment, dataset, noise, method, seed))
        return {"run": run, "names": names, "code": [code, self.code("scoring")]}

    def methods(self, sees_truth: bool) -> list[str]:
        """Return the names of the methods that get what is withheld, which controls alone do, or of all others."""
        every = [method for own in self.experiments.values() for method in own.methods.values()]
        return sorted({own.name for own in every if own.file.literals.get("SEES_TRUTH", False) == sees_truth})

    def priority_of(self, experiment: str, method: str) -> int:
        """Return how early the runs of a method start."""
        return self.experiments[experiment].methods[method].priority

    def products_of(self, experiment: str) -> list[str]:
        """Return the tables and pictures of an experiment, relative to the folder of the profile's results."""
        own = self.experiments[experiment]
        cells = itertools.product(own.data, own.noise, own.protocol.figures)
        files = ["table.html", "summary.csv", "scores.csv", "scores.parquet", "curves.csv"]
        files += ["sweep.png"] if own.protocol.sweep else []
        files += [f"{dataset}/{noise}/{figure}.png" for dataset, noise, figure in cells]
        return [f"{experiment}/{file}" for file in files]

    def entry(self, experiment: str) -> dict:
        """Return an experiment as plain data, for its pages."""
        return self.experiments[experiment].entry() | {"profile": self.profile}

    def drawn(self, experiment: str) -> dict:
        """Return what figures show of an experiment, so that its prose draws none again."""
        entry = self.entry(experiment)
        return {key: entry[key] for key in DRAWN}

    def entries(self) -> dict[str, dict]:
        """Return the selected experiments as plain data."""
        return {name: self.entry(name) for name in self.selected}

    def code(self, module: str, *names: str) -> str:
        """Return what tells one version of a module of `benchmark/`, or of what it defines, from another."""
        return self._digest(self.root / "benchmark" / f"{module}.py", *names)

    def _digest(self, path: Path, *names: str) -> str:
        """Return the digest of what names of a file do; a plan is one look at the files, so each is taken once."""
        key = (path, *names)
        if key not in self._digests:
            self._digests[key] = code_of(path, *names, root=self.root)
        return self._digests[key]

    def faults(self) -> list[str]:
        """Return what is wrong with files of methods, data sets and tasks that no experiment names."""
        files: list[File] = [
            *self.catalog.methods.values(),
            *self.catalog.datasets.values(),
            *self.catalog.tasks.values(),
        ]
        return [f"{file.place} cannot be used: {file.fault}" for file in files if file.fault]

    def shown(self, path: Path) -> str:
        """Return a path as jobs and messages have it: relative to the root of the repository, where it is below."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    @cached_property
    def _has_gpu(self) -> bool:
        return self.config.device == "cuda" or (self.config.device == "auto" and bool(shutil.which("nvidia-smi")))

    def _own(self, setting: str) -> Any:
        """Return a setting of the config, or the profile's where the config leaves it open."""
        profile = self.config.profiles.get(self.profile, settings.ProfileSettings())
        return getattr(self.config, setting) or getattr(profile, setting)

    def _read_experiments(self) -> dict[str, tuple[str, settings.Experiment, Mapping]]:
        """Return by name the place and the protocol of each experiment, and the config's changes of it."""
        found: dict[str, tuple[str, settings.Experiment, Mapping]] = {}
        for name in self.config.folders:
            folder = self.root / Path(name).expanduser()
            if not folder.is_dir():
                raise SettingsError(
                    f"config: folders: {name} is no folder", "give folders with a YAML file an experiment"
                )
            for path in sorted(folder.glob("*.yaml")):
                place = self.shown(path)
                if path.stem in found:
                    raise SettingsError(f"{place}: {found[path.stem][0]} has this name, too", "rename one of the files")
                found[path.stem] = (place, checked(settings.Experiment, read_yaml(path), place), {})
        for name, entry in self.config.experiments.items():
            place = f"config: experiments: {name}"
            if name in found:
                found[name] = (*found[name][:2], entry)
            else:
                found[name] = (place, checked(settings.Experiment, entry, place), {})
        return found

    def _cuts(self, name: str, base: settings.Experiment, place: str, own: Mapping) -> list[tuple[str, settings.Cut]]:
        """Return the cuts of the profile, the one that all others extend first, and the config's own after them.

        Each stands with its place.
        """
        here, known = f"config: experiments: {name}", {*self.config.profiles, *base.profiles}
        changes = checked(settings.Cut, own, here)
        if changes.extends and changes.extends not in known:
            raise SettingsError.unknown(f"{here}: extends", "profile", changes.extends, known)
        cuts, profile = [(here, changes)] if own else [], changes.extends or self.profile
        seen: list[str] = []
        while profile in base.profiles:
            seen.append(profile)
            cut = base.profiles[profile]
            cuts.insert(0, (f"{place}: profiles: {profile}", cut))
            if cut.extends is None:
                break
            if cut.extends in seen or cut.extends not in known:
                raise SettingsError.unknown(f"{place}: profiles: {profile}: extends", "profile", cut.extends, known)
            profile = cut.extends
        return cuts


def _with_header(path: Path) -> list[Path]:
    """Return a file of the user's, and where it or one beside it is a header (.hdr), all files of this stem."""
    own = [file for file in path.parent.glob(f"{escape(path.stem)}*") if file.name.startswith(f"{path.stem}.")]
    stem = path.with_name(path.stem)
    files = sorted({path, *own, *([stem] if stem.is_file() else [])})
    return files if any(file.suffix.lower() == ".hdr" for file in files) else [path]
