"""Results as the pages take them: experiments with their tables, claims and pictures, from the folders they lie in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import yaml

from benchmark.metrics import METRICS
from benchmark.report.overview import ENTRIES
from benchmark.report.scorecard import TEXTS, claims_of, read_card
from benchmark.report.tables import file_of, metrics_of, ran_on_all, read_scores, read_table
from benchmark.settings import ADDRESS, NAME, listing
from benchmark.storage import load_yaml

CARD = "scorecard.csv"
# What an experiment's own folder says of it while others still run.
ENTRY = "entry.yaml"
PICTURES = (".svg", ".webp", ".png")
# What pages need of an entry, and of each row of the tables.
KEYS = {
    *("id", "title", "source", "place", "notes", "departures", "task", "metric", "data", "noise", "seeds", "methods"),
    *("subject", "reference", "printed", "figures", "sweep", "claims", "profile"),
}
SCORES = {"dataset", "item", "noise", "method", "iterate", "seed", "metric", "value", "status", "family", "params"}
SUMMARY = {"dataset", "noise", "method", "iterate", "n", "label", "family", "control", "status", "seconds"}
JUDGED = {*TEXTS, *"id experiment verdict uncertain other_data effect n mean low high test holds".split()}


class SiteError(Exception):
    """Results that no pages can be made of, with what to do about it."""


@dataclass(frozen=True)
class Picture:
    """A picture of an experiment: its file, which figure it is, and of a cell's its data set and noise."""

    path: Path
    figure: str
    dataset: str | None = None
    noise: str | None = None


@dataclass(frozen=True)
class Result:
    """An experiment that was run: its entry, the folder of its tables and pictures, and its claims in words."""

    entry: Mapping
    folder: Path
    claims: list[dict]

    @property
    def name(self) -> str:
        """The name of the experiment."""
        return self.entry["id"]

    @property
    def metric(self) -> str:
        """The primary measure."""
        return self.entry["metric"]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The rows of all runs."""
        return self._table("scores.csv", read_scores, SCORES)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """The measures of snapshots, of the methods that keep any."""
        return self._table("curves.csv", read_table, {"dataset", "item", "noise", "label", "seconds", "value"})

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The means over items and seeds."""
        return self._table("summary.csv", read_table, SUMMARY | {f"{self.metric}_mean"})

    @cached_property
    def competitors(self) -> pd.DataFrame:
        """The rows of the summary that are ranked: answers of methods that are no controls and lost or lack no run."""
        rows = self.summary
        ok = (rows["iterate"] == "returned") & ~rows["control"].astype(bool) & (rows["status"] == "ok")
        ok &= ran_on_all(rows)
        return rows[ok & rows[f"{self.metric}_mean"].notna()]

    @property
    def pictures(self) -> list[Picture]:
        """The pictures of the experiment, those of a cell in the order of its figures."""
        found = [self._picture("sweep", self.folder)] if self.entry["sweep"] else []
        for figure in self.entry["figures"]:
            for dataset in self.entry["data"]:
                for noise in self.entry["noise"]:
                    found.append(self._picture(figure, self.folder / dataset / noise, dataset, noise))
        return [picture for picture in found if picture]

    @property
    def tables(self) -> list[Path]:
        """The tables to take along."""
        files = [file_of(self.folder / name) for name in ("scores.csv", "curves.csv", "summary.csv")]
        return [path for path in files if path.is_file()]

    def _picture(self, figure: str, folder: Path, *cell: str) -> Picture | None:
        paths = [path for ending in PICTURES if (path := folder / f"{figure}{ending}").is_file()]
        return Picture(paths[0], figure, *cell) if paths else None

    def _table(self, name: str, read, columns: set[str]) -> pd.DataFrame:
        path = file_of(self.folder / name)
        if not path.is_file():
            raise SiteError(f"{self.folder} has no {name}: run the experiment again, or take it from {ENTRIES}")
        table = read(path)
        if lost := columns - set(table.columns):
            raise SiteError(f"{path} has no column {listing(sorted(lost))}: it is of another version, run it again")
        return table


@dataclass(frozen=True)
class Profile:
    """The results of a profile, by experiment."""

    name: str
    results: Mapping[str, Result]


def finished(folder: Path) -> Profile:
    """Return the results of a profile that was run to its end, or published; raise SiteError for what is not whole."""
    if not (folder / ENTRIES).is_file():
        raise SiteError(f"{folder} has no {ENTRIES}: it holds no results, or those of a run that did not end")
    entries = _read(folder / ENTRIES)
    claims = _claims_of(folder / CARD)
    results = {}
    for name, entry in entries.items():
        _check(entry, name, folder / ENTRIES)
        if not (folder / name).is_dir():
            raise SiteError(f"{folder} has no folder {name}, which {ENTRIES} has: run it again, or take it from there")
        results[name] = Result(entry, folder / name, [own for own in claims if own["experiment"] == name])
    if not results:
        raise SiteError(f"{folder / ENTRIES} has no experiment: run one")
    return Profile(next(iter(results.values())).entry["profile"], results)


def so_far(folder: Path, own: str) -> Profile:
    """Return the results of those experiments of a running profile that have their tables, as its `own` one must.

    What others had may be of another version, or go at any time, since their jobs make it again.
    """
    results = {}
    for path in sorted(folder.glob(f"*/{ENTRY}")):
        try:
            results[path.parent.name] = _whole(path)
        except (FileNotFoundError, SiteError):
            if path.parent.name == own:
                raise
    return Profile(folder.name, results)


def _whole(path: Path) -> Result:
    """Return the result of an entry, all that the pages of several experiments need read."""
    entry = _read(path)
    _check(entry, path.parent.name, path)
    result = Result(entry, path.parent, _claims_of(path.parent / CARD))
    if result.summary.empty:
        raise SiteError(f"{path.parent} has an empty summary.csv: run the experiment again")
    return result


def profiles_in(folder: Path, first: Iterable[str] = ()) -> list[Profile]:
    """Return the profiles whose results lie in a folder, or the one that lies there itself, some `first`."""
    if not folder.is_dir():
        raise SiteError(f"there is no folder {folder}: name one that holds results")
    homes = [folder] if (folder / ENTRIES).is_file() else sorted(path.parent for path in folder.glob(f"*/{ENTRIES}"))
    if not homes:
        raise SiteError(f"neither {folder} nor a folder in it has {ENTRIES}: run a profile to its end first")
    order = [*first]
    return sorted(map(finished, homes), key=lambda own: order.index(own.name) if own.name in order else len(order))


def arrow_of(metric: str) -> str:
    """Return which way a measure is better."""
    return "↑" if METRICS[metric].higher_is_better else "↓"


def known_metrics(summary: pd.DataFrame) -> list[str]:
    """Return the measures of a summary that there still are."""
    return [name for name in metrics_of(summary) if name in METRICS]


def _check(entry: Mapping, name: str, path: Path) -> None:
    if lost := KEYS - set(entry):
        raise SiteError(f"{path}: {name} has no {listing(sorted(lost))}: it is of another version, run it again")
    named = [entry["id"], entry["profile"], *entry["data"], *entry["noise"], *entry["methods"]]
    named += [own["file"] for kind in ("data", "methods") for own in entry[kind].values()]
    if entry["id"] != name or not all(map(NAME.fullmatch, map(str, named))):
        raise SiteError(f"{path}: {name} has names that cannot be those of folders and files: run it again")
    source = entry["source"] or {}
    if not all(re.match(ADDRESS, address) for key in ("url", "code") if (address := source.get(key))):
        raise SiteError(f"{path}: the source of {name} has an address that starts with neither http nor https")
    if entry["metric"] not in METRICS:
        raise SiteError(f"{path}: {name} has the measure {entry['metric']!r}, which there is not: run it again")


def _claims_of(path: Path) -> list[dict]:
    if not path.is_file():
        raise SiteError(f"there is no {path}: run the profile to its end, or publish it again")
    if lost := JUDGED - set(pd.read_csv(path, nrows=0).columns):
        raise SiteError(f"{path} has no column {listing(sorted(lost))}: it is of another version, make it again")
    return claims_of(read_card(path))


def _read(path: Path) -> dict:
    try:
        content = load_yaml(path)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SiteError(f"{path} is no YAML: {str(error).splitlines()[0]}; make it again") from error
    if not isinstance(content, dict):
        raise SiteError(f"{path} holds no experiments: make it again")
    return content
