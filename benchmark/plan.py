"""What is to be run: the experiments of a profile with all their runs, checked before anything starts.

`Plan.read(config)` reads the files of `experiments/`, `sources/`, `tasks/`, `baselines/` and `datasets/`, runs none of
them, and answers all that the rules of the workflow ask; what a rule asks for it names by its wildcards.
"""

import itertools
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark import settings
from benchmark.catalog import Catalog, File, files_of, models
from benchmark.experiments import Experiment, resolve
from benchmark.finding import cuts_of, find, has_profile, select
from benchmark.measured import memory_of, minutes_of, runtime_of, shortest_first
from benchmark.methods import METHOD, Run, missing_packages
from benchmark.own_files import state_of
from benchmark.settings import SettingsError, checked, read_yaml
from benchmark.source import ROOT, code_of, literals_of, parameters_of

CONFIG = "config/config.yaml"
DAY = 86400.0
# Folders of results that are no profile's, and what lies there.
OTHERS = {"published": "what is kept", "bench": "what `make bench` writes"}
# Folders of the site that are no profile's.
SHELVES = ("assets", "methods", "data")
# What figures need of an experiment's entry.
DRAWN = ("id", "place", "metric", "data", "noise", "methods", "subject", "shown", "reference", "seeds", "sweep")


class Plan:
    """The experiments of a profile, and what the rules of the workflow ask of them."""

    def __init__(self, config: settings.Config, root: Path):
        self.config, self.root, self.profile = config, root, config.profile
        self._digests: dict[tuple, str] = {}
        self._cells: dict[str, dict[tuple[str, str, int], list[Run]]] = {}
        self.catalog = Catalog(
            root,
            *(files_of(root, folder) for folder in ("baselines", "datasets", "tasks")),
            sources={
                path.stem: checked(settings.Source, read_yaml(path), self.shown(path))
                for path in sorted((root / "sources").glob("*.yaml"))
            },
        )
        if config.profile in OTHERS:
            where = f"results/{config.profile}/ holds {OTHERS[config.profile]}"
            raise SettingsError(f"config: profile: {where}", "give the profile another name")
        if config.profile in SHELVES:
            where = f"the site has a folder {config.profile} already"
            raise SettingsError(f"config: profile: {where}", "give the profile another name")
        found = find(config, root, self.shown)
        self.selected = select(found, config)
        self.experiments: dict[str, Experiment] = {}
        self._impossible: list[str] = []
        for own in found.values():
            if not has_profile(own, config):
                continue
            try:
                if isinstance(own.base, SettingsError):
                    raise own.base
                self.experiments[own.name] = resolve(own.name, own.base, cuts_of(own, config), own.place, self.catalog)
            except SettingsError as error:
                if own.name in self.selected:  # what is not wanted need not be possible
                    raise
                self._impossible.append(" ".join(str(error).split()))
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

    def runs_of_cell(self, experiment: str, dataset: str, noise: str, seed: int) -> list[Run]:
        """Return the runs of all methods on a data set under one noise and seed, which are scored together."""
        return self.cells_of(experiment).get((dataset, noise, int(seed)), [])

    def cells_of(self, experiment: str) -> dict[tuple[str, str, int], list[Run]]:
        """Return the runs by data set, noise and seed; a plan is one look at the files, so they are grouped once."""
        if experiment not in self._cells:
            cells = self._cells[experiment] = {}
            for run in self.runs_of(experiment):
                cells.setdefault((run.dataset, run.noise, run.seed), []).append(run)
        return self._cells[experiment]

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
        return self.runs_of_cell(experiment, dataset, noise, seed)

    def pictured_problems(self, experiment: str, dataset: str, noise: str) -> str:
        """Return where the problems of such a cell lie, below the folder of the profile, but for the endings."""
        return f"data/{experiment}/{dataset}/{noise}/{self.experiments[experiment].protocol.seeds[0]}"

    def on_gpu(self, experiment: str, method: str) -> bool:
        """Tell whether a method shall run on a GPU."""
        return self._has_gpu and "cuda" in self.experiments[experiment].methods[method].file.literals["DEVICES"]

    def time_limit_of(self, experiment: str, method: str) -> float:
        """Return the seconds that a run of a method may take."""
        return self.experiments[experiment].methods[method].time_limit or self._own("time_limit") or DAY

    def memory_of(self, experiment: str) -> int:
        """Return the MiB that a cluster is asked for a run."""
        return memory_of(experiment, self.profile)

    def runtime_of(self, experiment: str, method: str) -> int:
        """Return the minutes that a cluster is asked for a run."""
        return runtime_of(experiment, self.profile, self.time_limit_of(experiment, method))

    @property
    def mirror(self) -> str | None:
        """The folder or URL that is tried before the published addresses; a relative path starts from the root."""
        mirror = self._own("mirror")
        return mirror if mirror is None or "://" in mirror else str(self.root / Path(mirror).expanduser())

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
        """Return what a data set is read from: files of the user's own, or its manifest of downloads."""
        if own := self.experiments[experiment].data[dataset].own_files:
            return list(own)
        source = self.source_of(experiment, dataset)
        return [Path(self.config.downloads, f"{source}.json")] if self.registry_of(source).is_file() else []

    def preparation_of(self, experiment: str, dataset: str) -> dict:
        """Return what the items of a data set depend on beside its files."""
        data = self.experiments[experiment].data[dataset]
        return {
            "file": self.shown(data.file.path),
            "code": [self._digest(data.file.path, "load", "KIND", "RGB", "IMAGE"), self.code("preparing", "prepare")],
            "params": dict(data.params),
            "rank": data.rank,
            "budget": data.budget,
            "own_files": data.own_files and state_of(data.own_files),
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
        code = [self._digest(file.path, *METHOD), self._digest(task, "answer_shape", "OPTIONAL", "respond")]
        run = asdict(self.run(experiment, dataset, noise, method, seed))
        return {"run": run, "code": code, "missing": missing_packages(file.literals.get("REQUIRES", []))}

    def has_environment(self, experiment: str) -> bool:
        """Tell whether methods play with an environment, which gets what is withheld from them."""
        return parameters_of(self.experiments[experiment].task.path, "respond") is not None

    def scoring_of(self, run: Run) -> dict:
        """Return what the scores of a run depend on beside its estimates."""
        own, entry = self.experiments[run.experiment], self.experiments[run.experiment].methods[run.method]
        literals = entry.file.literals
        names = {
            "file": entry.file.name,
            "label": entry.label,
            "family": literals["FAMILY"],
            "control": literals.get("CONTROL", False),
            "licence_note": literals.get("LICENCE_NOTE", ""),
        }
        code = self._digest(own.task.path, "MEASURES", "measures")
        made_by = self._digest(entry.file.path, *METHOD)
        return {"run": asdict(run), "made_by": made_by, "names": names, "code": [code, self.code("scoring")]}

    def methods(self, sees_truth: bool) -> list[str]:
        """Return the names of the methods that get what is withheld, which controls alone do, or of all others."""
        every = [method for own in self.experiments.values() for method in own.methods.values()]
        return sorted({own.name for own in every if own.file.literals.get("SEES_TRUTH", False) == sees_truth})

    def priority_of(self, experiment: str, method: str | None = None) -> int:
        """Return how early jobs of an experiment start, of those the runs of a method.

        Experiments come one after the other, the shortest first, so that pages stand soon.
        """
        own = 0 if method is None else self.experiments[experiment].methods[method].priority
        return settings.PRIORITIES * (len(self._in_order) - self._in_order[experiment]) + own

    @cached_property
    def _in_order(self) -> dict[str, int]:
        """The places of experiments, of those that are not selected too, the shortest first."""
        return {name: place for place, name in enumerate(shortest_first(self.experiments, minutes_of(self.profile)))}

    def products_of(self, experiment: str) -> list[str]:
        """Return the tables and pictures of an experiment, relative to the folder of the profile's results."""
        own = self.experiments[experiment]
        cells = itertools.product(own.data, own.pictured, own.protocol.figures)
        files = ["summary.csv", "scores.csv", "scores.parquet", "curves.csv"]
        files += [f"sweep.{self.formats['sweep']}"] if own.protocol.sweep else []
        files += [f"{dataset}/{noise}/{figure}.{self.formats[figure]}" for dataset, noise, figure in cells]
        return [f"{experiment}/{file}" for file in files]

    @cached_property
    def formats(self) -> dict[str, str]:
        """The format of each figure, which is its file's ending."""
        files = (self.root / "benchmark" / "report" / "figures").glob("[!_.]*.py")
        return {path.stem: literals_of(path)["FORMAT"] for path in sorted(files)}

    def entry(self, experiment: str) -> dict:
        """Return an experiment as plain data, for its pages."""
        return self.experiments[experiment].entry() | {"profile": self.profile}

    def tabled(self, experiment: str) -> dict:
        """Return what tables show of an experiment, so that its prose makes none again."""
        entry = self.entry(experiment)
        return {key: entry[key] for key in ("id", "metric", "reference", "printed")}

    def drawn(self, experiment: str) -> dict:
        """Return what figures show of an experiment, so that its prose draws none again."""
        entry = self.entry(experiment)
        return {key: entry[key] for key in DRAWN}

    def tabled_runs(self, experiment: str) -> list[list]:
        """Return data set, noise, method and seed of each run, which the tables must have."""
        return [list(cell) for cell in self.experiments[experiment].cells]

    def entries(self) -> dict[str, dict]:
        """Return the selected experiments as plain data."""
        return {name: self.entry(name) for name in self.selected}

    @property
    def settings(self) -> dict:
        """Return what of the config decides what the experiments are, as plain data."""
        own = self.config.model_dump(include={"profile", "folders", "experiments"})
        return own | {"profiles": {self.profile: {}} if self.profile in self.config.profiles else {}}

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
        """Return what is wrong with files and experiments that nobody selects."""
        files: list[File] = [
            *self.catalog.methods.values(),
            *self.catalog.datasets.values(),
            *self.catalog.tasks.values(),
        ]
        return [*(f"{file.place} cannot be used: {file.fault}" for file in files if file.fault), *self._impossible]

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
