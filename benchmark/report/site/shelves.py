"""The pages above those of experiments: the index of each profile, methods and data sets."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path

import pandas as pd

from benchmark.catalog import files_of
from benchmark.metrics import METRICS
from benchmark.report.scorecard import effects_of, sentence_of
from benchmark.report.site.charts import forests
from benchmark.report.site.render import write_page
from benchmark.report.site.results import Picture, Profile, Result, arrow_of
from benchmark.report.site.words import about_file, verdict_of
from benchmark.report.wording import noise_in_words
from benchmark.source import ROOT


def write_shelves(profiles: Sequence[Profile], out: Path, renewed: Sequence[Result] | None = None) -> Path:
    """Write the index, which is that of the first profile, those of others, and the pages of methods and of data sets.

    `profiles` hold the experiments whose pages are in `out` already. Of methods and data sets, only those of `renewed`
    results get pages, where they are given: nothing has changed on the others. Return the index.
    """
    names, index = [profile.name for profile in profiles], out / "index.html"
    _write_index(profiles[0], names, index, root="")
    write_page("moved.html", out / names[0] / "index.html", title=f"Results, {names[0]}", page="../index.html")
    for profile in profiles[1:]:
        _write_index(profile, names, out / profile.name / "index.html", root="../")
    if renewed is None:
        renewed = [result for profile in profiles for result in profile.results.values()]
    _write_methods(profiles, renewed, out / "methods")
    _write_data(profiles, renewed, out / "data")
    return index


def _files_of(results: Iterable[Result], kind: str) -> set[str]:
    """Return the files of the methods or of the data of results."""
    return {own["file"] for result in results for own in result.entry[kind].values()}


def by_source(results: Iterable[Result]) -> list[tuple[Mapping | None, list[Result]]]:
    """Return each source with its experiments; those without one come last, under None."""
    groups: dict[str, tuple[Mapping | None, list[Result]]] = {}
    for result in sorted(results, key=lambda own: own.entry["source"] is None):
        source = result.entry["source"]
        groups.setdefault(source["id"] if source else "", (source, []))[1].append(result)
    return list(groups.values())


def standings_of(profiles: Iterable[Profile], files: Set[str]) -> dict[str, list[dict]]:
    """Return for each of these files of methods where it stands, a row for each experiment and each name it has there.

    `rank` and `gap`, the distance to the best, are medians over the data and noises of the experiment, among what
    methods returned that are no controls and lost no run.
    """
    standings: dict[str, list[dict]] = {}
    for profile in profiles:
        for result in profile.results.values():
            for file, row in _standings(result, files):
                standings.setdefault(file, []).append(row)
    return standings


def _standings(result: Result, files: Set[str]) -> Iterator[tuple[str, dict]]:
    metric, rows = METRICS[result.metric], result.competitors
    wanted = rows["file"].isin(files)
    if not wanted.any():
        return
    places = rows.groupby(["dataset", "noise"])[f"{result.metric}_mean"]
    sign = -1 if metric.higher_is_better else 1
    rows = rows.assign(
        rank_here=places.rank(ascending=not metric.higher_is_better, method="min"),
        of=places.transform("count"),
        gap=sign * (rows[f"{result.metric}_mean"] - places.transform("max" if metric.higher_is_better else "min")),
    )
    for (name, file, label), own in rows[wanted].groupby(["method", "file", "label"], sort=False):
        gap = own["gap"].median()
        yield (
            file,
            {
                "profile": result.entry["profile"],
                "experiment": result.name,
                "title": result.entry["title"],
                "place": result.entry["place"],
                "name": name,
                "label": label,
                "rank": f"{own['rank_here'].median():g}",
                "of": f"{own['of'].median():g}",
                "cells": len(own),
                "measure": f"{metric.label} {arrow_of(result.metric)}",
                "gap": "-" if pd.isna(gap) else f"{gap:.{metric.decimals}f}".replace("inf", "∞"),
                "seconds": f"{own['seconds'].median():.3g}",
            },
        )


def _write_index(profile: Profile, profiles: Sequence[str], page: Path, root: str) -> None:
    home = "" if root else f"{profile.name}/"
    groups = []
    for number, (source, results) in enumerate(by_source(profile.results.values())):
        claims = [claim for result in results for claim in result.claims]
        groups.append(
            {
                "id": f"source-{number}",
                "source": source,
                "sentence": sentence_of(claims),
                "forests": forests(claims, home),
                "cards": [_card(result, home) for result in results],
            }
        )
    write_page(
        "index.html",
        page,
        root=root,
        profile=profile.name,
        profiles=[{"name": name, "page": f"{root}{name}/index.html"} for name in profiles],
        groups=groups,
        holes=[row for result in profile.results.values() for row in _holes(result, home)],
    )


def _card(result: Result, home: str) -> dict:
    face = _face(result)
    claim = next(iter(result.claims), None)
    shown = next(iter(effects_of(claim)), "") if claim else ""
    effect, _, number = shown.partition(": ")
    return {
        "page": f"{home}{result.name}.html",
        "place": result.entry["place"] or result.name,
        "title": result.entry["title"],
        "picture": face and f"{home}{result.name}/{face.path.relative_to(result.folder).as_posix()}",
        "effect": effect,
        "number": number.partition(" (")[0],
        "claims": [
            {"words": own["short"] if isinstance(own.get("short"), str) else "", "chips": verdict_of(own)[:2]}
            for own in result.claims
        ],
    }


def _face(result: Result) -> Picture | None:
    """Return the picture that stands for an experiment: photographs say more at that size than plots."""
    pictures = sorted(result.pictures, key=lambda own: own.figure != "reconstructions")
    return next(iter(pictures), None)


def _holes(result: Result, home: str) -> list[dict]:
    lost = result.summary[result.summary["status"] != "ok"].drop_duplicates(["dataset", "noise", "method", "status"])
    return [
        {"page": f"{home}{result.name}.html", "title": result.entry["title"]} | row
        for row in lost[["dataset", "noise", "label", "status"]].to_dict("records")
    ]


def _write_methods(profiles: Sequence[Profile], renewed: Iterable[Result], folder: Path) -> None:
    files, known = _files_of(renewed, "methods"), files_of(ROOT, "baselines")
    standings = standings_of(profiles, files)
    named: dict[str, Mapping] = {}
    experiments: Counter[str] = Counter()
    for profile in profiles:
        for result in profile.results.values():
            own = {method["file"]: method for method in result.entry["methods"].values()}
            named |= own
            experiments.update(own.keys())
    methods = []
    for name, entry in sorted(named.items()):
        literals = known[name].literals if name in known else {}
        about = about_file("baselines", name)
        methods.append(
            {
                "name": name,
                "label": literals.get("LABEL", entry["label"]),
                "family": literals.get("FAMILY", entry["family"]),
                "tasks": sorted(literals.get("TASKS", ())),
                "licence": literals.get("LICENCE_NOTE", ""),
                "about": about,
                "standings": standings.get(name, []),
                "experiments": experiments[name],
            }
        )
        if name in files:
            write_page("method.html", folder / f"{name}.html", root="../", method=methods[-1])
    write_page("methods.html", folder / "index.html", root="../", methods=methods)


def _write_data(profiles: Sequence[Profile], renewed: Iterable[Result], folder: Path) -> None:
    known: dict[str, dict] = {}
    for profile in profiles:
        for result in profile.results.values():
            for name, entry in result.entry["data"].items():
                own = known.setdefault(entry["file"], entry | {"uses": [], "picture": ""})
                noises = " · ".join(map(noise_in_words, result.entry["noise"].values()))
                own["uses"].append(
                    {"page": f"../{profile.name}/{result.name}.html", "profile": profile.name, "noise": noises}
                    | {"title": result.entry["title"], "place": result.entry["place"], "name": name}
                )
                shown = [one for one in result.pictures if (one.dataset, one.figure) == (name, "reconstructions")]
                for picture in shown[:1]:
                    path = picture.path.relative_to(result.folder).as_posix()
                    own["picture"] = own["picture"] or f"../{profile.name}/{result.name}/{path}"
    data = [own | {"about": about_file("datasets", file)} for file, own in sorted(known.items())]
    files = _files_of(renewed, "data")
    for own in data:
        if own["file"] in files:
            write_page("dataset.html", folder / f"{own['file']}.html", root="../", data=own)
    write_page("datasets.html", folder / "index.html", root="../", datasets=data)
