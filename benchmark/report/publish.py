"""Keeps a profile's results in git: `python -m benchmark.report.publish embedded [--part]`.

Copies tables and figures, but neither data nor raw estimates, from `results/` to `results/published/`, beside what was
published before of other experiments. Claims are judged by what `experiments/` says now, in every published profile;
the verdicts go into the README, between its markers, and what methods say of themselves into `docs/methods.md`. Pages
are made of what is published by `make site`. Pictures are kept as they are; to be small, the tables of single runs and
their curves are compressed, and curves have seven digits.
"""

import argparse
import gzip
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import yaml

from benchmark.catalog import files_of
from benchmark.plan import Plan
from benchmark.report.forest import write_forest
from benchmark.report.joining import CELL, Incomplete, join
from benchmark.report.methods import methods_page
from benchmark.report.overview import ENTRIES, make_scorecard, make_summary, read_entries, read_settings
from benchmark.report.readme import between, markers_of, of_first_source, shown
from benchmark.report.scorecard import read_card
from benchmark.report.tables import file_of, read_scores, read_table, summarise, with_printed, write
from benchmark.settings import SettingsError, listing
from benchmark.source import ROOT
from benchmark.storage import copy_folder, explained, folder_written_whole, save_text

PUBLISHED = "results/published"
# What results depend on, of an entry and of its parts.
SETTINGS = ("task", "pose", "noise", "seeds")
DATA_SETTINGS = ("file", "rank", "budget", "params")
METHOD_SETTINGS = ("file", "params", "data", "seeds")
# Of them those that say which runs there are, and not what these are.
OF_RUNS = ("data", "seeds")

# Of single precision, in which networks are fitted: more are half of what is kept.
CURVE_DIGITS = 7


class PublishError(Exception):
    """Results that cannot be published, with what to do about it."""


def publish(plan: Plan, root: Path = ROOT, part: bool = False) -> Path:
    """Publish the experiments of a profile that lie in `results/`, renew what is made of all, and return their folder.

    `plan` has the experiments of the profile as they are now. Where `results/` has none, tables, scorecard and README
    are made again of what is published. Results that are a `part` of their experiments are joined with what is
    published of the rest. Raise PublishError, and change nothing, if nothing is published either, if results were made
    with other settings than the experiments have now, if a part and the rest are not the whole, or if a config cut what
    is published to a part, which is not said to be one.
    """
    source, target = root / "results" / plan.profile, root / PUBLISHED / plan.profile
    entries = {name: plan.entry(name) for name in plan.experiments}
    new, old = read_entries(source), read_entries(target)
    kept = {name: entry for name, entry in old.items() if name not in new and (target / name).is_dir()}
    check(new, entries, "run it again", part)
    check(kept, entries, f"run it again, or delete its folder in {target}")
    with ExitStack() as stack:  # no folder takes its place before all are whole
        for name in new:
            partial = stack.enter_context(folder_written_whole(target / name))
            copy_folder(source / name, partial)
            if not part and name in plan.settings["experiments"] and (target / name).is_dir():
                _check_whole(source / name, target / name)
            if part:
                before = old[name] if (target / name).is_dir() else None
                new[name] = _joined(partial, target / name, entries[name], plan.tabled_runs(name), new[name], before)
            for own in ("scores.parquet", "entry.yaml", "scorecard.csv"):  # the same stands elsewhere
                (partial / own).unlink(missing_ok=True)
            _shorten(partial / "curves.csv")
            for own in ("scores.csv", "curves.csv"):
                _compress(partial / own)
    made = {**new, **kept}
    renew(target, {name: as_made(entries[name], made[name]) for name in entries if name in made}, plan.settings)
    return target


def write_readme(root: Path) -> None:
    """Write the verdicts of what is published into the README, between its markers."""
    readme, cards = root / "README.md", published_cards(root / PUBLISHED)
    text = readme.read_text(encoding="utf-8")
    for marker, content in markers_of(cards, root / PUBLISHED):
        text = between(text, marker, content)
    write_forest(of_first_source(cards[shown(cards)]), root / PUBLISHED / "claims.svg")
    save_text(readme, text)


def write_methods(root: Path) -> None:
    """Write the page of all methods into the documentation."""
    save_text(root / "docs" / "methods.md", methods_page(files_of(root, "baselines")))


def renew(folder: Path, entries: Mapping[str, Mapping], settings: Mapping) -> None:
    """Make all that is made of scores and curves again, of the experiments that are published in a folder."""
    for name, entry in entries.items():
        scores = read_scores(file_of(folder / name / "scores.csv"))
        summary = summarise(scores, entry["metric"], entry["reference"])
        summary = with_printed(summary, entry["printed"], entry["metric"])
        write(summary, folder / name / "summary.csv")
    make_scorecard(folder, entries)
    make_summary(folder, entries, settings)


def check(made: Mapping[str, Mapping], entries: Mapping[str, Mapping], advice: str, part: bool = False) -> None:
    """Raise PublishError if an experiment's results were made with other settings than it has now.

    A method that has come since does not make them invalid, nor does what a `part` leaves out.
    """
    for name, entry in made.items():
        if name not in entries:
            raise PublishError(f"there is no experiment {name!r} any more: {advice}")
        settings = settings_of_runs if part else settings_of
        before, now = settings(entry), settings(entries[name])
        if part:
            now = {key: own for key, own in now.items() if key in before}
        compared = {*before, *(key for key in now if not key.startswith("methods: "))}
        if changed := [key for key in compared if before.get(key) != now.get(key)]:
            raise PublishError(f"the results of {name} were made with other settings ({listing(changed)}): {advice}")


def as_made(entry: Mapping, before: Mapping) -> dict:
    """Return an experiment as it is now, of its methods those alone that its results have."""
    return {**entry, "methods": {name: own for name, own in entry["methods"].items() if name in before["methods"]}}


def settings_of(entry: Mapping) -> dict:
    """Return what an experiment's results depend on, by the place where it stands in its entry.

    What results of an older version do not say is None.
    """
    settings = {key: entry.get(key) for key in SETTINGS}
    for kind, keys in (("data", DATA_SETTINGS), ("methods", METHOD_SETTINGS)):
        settings |= {f"{kind}: {name}": {key: own.get(key) for key in keys} for name, own in entry[kind].items()}
    return yaml.safe_load(yaml.safe_dump(settings))  # as it is read back


def settings_of_runs(entry: Mapping) -> dict:
    """Return what the single runs of an experiment depend on: settings without which runs there are."""
    settings = {key: own for key, own in settings_of(entry).items() if key not in ("noise", "seeds")}
    for key in settings:
        if key.startswith("methods: "):
            settings[key] = {own: value for own, value in settings[key].items() if own not in OF_RUNS}
    return settings | {f"noise: {name}": dict(own) for name, own in entry["noise"].items()}


def profiles_of(folder: Path) -> list[str]:
    """Return the profiles that are published in a folder."""
    return sorted(path.parent.name for path in folder.glob(f"*/{ENTRIES}"))


def published_cards(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the scorecards of the profiles that are published in a folder."""
    return {profile: read_card(folder / profile / "scorecard.csv") for profile in profiles_of(folder)}


def main(profile: str, root: Path = ROOT, part: bool = False) -> None:
    """Publish a profile, and renew what is published of the others, where its settings are still those of now.

    Of results that are a `part`, the whole is what the files of experiments say, without changes of a config.
    """
    made = next((path for path in (root / "results" / profile, root / PUBLISHED / profile) if read_entries(path)), None)
    if made is None:
        raise PublishError(f"results/{profile}/ has no {ENTRIES}: run the profile to its end first")
    whole = {"experiments": {}} if part else {}
    plan = Plan.read(read_settings(made) | whole | {"select": list(read_entries(made))}, root)
    print(f"Publishing {profile}: its tables, its verdicts with their intervals, ...", flush=True)
    target = publish(plan, root, part)
    for other in profiles_of(root / PUBLISHED):
        if other != profile:
            folder = root / PUBLISHED / other
            made = read_entries(folder)
            try:
                plan = Plan.read(read_settings(folder) | {"select": list(made)}, root)
                check(made, plan.entries(), f"publish {other} anew")
            except (PublishError, SettingsError) as error:
                print(f"{other} stays as it was published: {error}", file=sys.stderr)
            else:
                print(f"Renewing {other} ...", flush=True)
                renew(folder, {name: as_made(plan.entry(name), made[name]) for name in made}, plan.settings)
    write_readme(root)
    write_methods(root)
    print(f"Published in {target}.")


def _check_whole(made: Path, published: Path) -> None:
    """Raise PublishError if what a config changed lacks runs that are published."""
    runs = [set(read_scores(file_of(own / "scores.csv"))[CELL].itertuples(index=False)) for own in (made, published)]
    if lost := runs[1] - runs[0]:
        raise PublishError(
            f"a config cut {made.name}: {len(lost)} runs that are published are not among its: publish it with --part, "
            f"or delete {published}"
        )


def _joined(partial: Path, published: Path, entry: Mapping, runs: list, made: Mapping, before: Mapping | None) -> dict:
    """Complete a part of an experiment, and return the experiment with all methods that it has then.

    `before` is the experiment as it is published, None where nothing of it is: then the part has to be all.
    """
    old, now = settings_of_runs(before) if before else {}, settings_of_runs(entry)
    try:
        join(partial, published if before else None, entry, runs, {key for key in old if old[key] == now.get(key)})
    except Incomplete as error:
        raise PublishError(f"{entry['id']}: {error}; run them, too") from error
    return {**entry, "methods": (before["methods"] if before else {}) | made["methods"]}


def _shorten(path: Path) -> None:
    read_table(path).to_csv(path, index=False, float_format=f"%.{CURVE_DIGITS}g")


def _compress(path: Path) -> None:
    with gzip.GzipFile(f"{path}.gz", "wb", mtime=0) as file:  # the same bytes for the same table
        file.write(path.read_bytes())
    path.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmark.report.publish", description=__doc__.splitlines()[0])
    parser.add_argument("profile", help="profile that was run to its end, such as embedded")
    parser.add_argument("--part", action="store_true", help="join a part of an experiment with the published rest")
    options = parser.parse_args()
    try:
        main(options.profile, part=options.part)
    except OSError as error:
        sys.exit(explained(error, ROOT / PUBLISHED))
    except (PublishError, SettingsError) as error:
        sys.exit(str(error))
