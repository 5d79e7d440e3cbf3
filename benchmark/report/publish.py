"""Keeps a profile's results in git: `python -m benchmark.report.publish embedded`.

Copies tables and figures, but neither data nor raw estimates, from `results/` to `results/published/`, beside what was
published before of other experiments. Claims are judged by what `experiments/` says now, in every published profile;
and the scorecards go into the README, between its markers. Pages are made of what is published by `make site`. To be
small, pictures are reduced to 256 colours, and the tables of single runs and their curves are compressed.
"""

import argparse
import gzip
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import yaml
from PIL import Image

from benchmark.plan import Plan
from benchmark.report.overview import ENTRIES, make_scorecard, make_summary, read_entries, read_settings
from benchmark.report.scorecard import claims_of, effects_of, joined, markdown_row, read_card, sentences_of
from benchmark.report.tables import file_of, read_scores, summarise, with_printed, write
from benchmark.settings import SettingsError, listing
from benchmark.source import ROOT

MARKED = re.compile(r"(?<=<!-- scorecard -->\n).*?(?=<!-- end of scorecard -->)", re.S)
PUBLISHED = "results/published"
# What results depend on, of an entry and of its parts.
SETTINGS = ("task", "pose", "noise", "seeds")
DATA_SETTINGS = ("file", "rank", "budget", "params")
METHOD_SETTINGS = ("file", "params", "data")


class PublishError(Exception):
    """Results that cannot be published, with what to do about it."""


def publish(plan: Plan, root: Path = ROOT) -> Path:
    """Publish the experiments of a profile that lie in `results/`, renew what is made of all, and return their folder.

    `plan` has the experiments of the profile as they are now. Where `results/` has none, tables, scorecard and README
    are made again of what is published. Raise PublishError, and change nothing, if nothing is published either, or if
    results were made with other settings than the experiments have now.
    """
    source, target = root / "results" / plan.profile, root / PUBLISHED / plan.profile
    entries = {name: plan.entry(name) for name in plan.experiments}
    new, old = read_entries(source), read_entries(target)
    kept = {name: entry for name, entry in old.items() if name not in new and (target / name).is_dir()}
    check(new, entries, "run it again")
    check(kept, entries, f"run it again, or delete its folder in {target}")
    for name in new:
        shutil.rmtree(target / name, ignore_errors=True)
        shutil.copytree(source / name, target / name)
        for path in (target / name).rglob("*.png"):
            _reduce(path)
        for own in ("scores.parquet", "entry.yaml", "scorecard.csv"):  # the same stands elsewhere
            (target / name / own).unlink(missing_ok=True)
        for path in [target / name / "scores.csv", target / name / "curves.csv"]:
            _compress(path)
    renew(target, {name: entry for name, entry in entries.items() if name in {*new, *kept}}, plan.settings)
    return target


def write_readme(root: Path) -> None:
    """Write the verdicts of all that is published into the README, between its markers."""
    readme = root / "README.md"
    table = table_of(published_cards(root / PUBLISHED), PUBLISHED)
    readme.write_text(MARKED.sub(lambda _: table, readme.read_text(encoding="utf-8")), encoding="utf-8")


def renew(folder: Path, entries: Mapping[str, Mapping], settings: Mapping) -> None:
    """Make all that is made of scores and curves again, of the experiments that are published in a folder."""
    for name, entry in entries.items():
        scores = read_scores(file_of(folder / name / "scores.csv"))
        summary = summarise(scores, entry["metric"], entry["reference"])
        summary = with_printed(summary, entry["printed"], entry["metric"])
        write(summary, folder / name / "summary.csv")
    make_scorecard(folder, entries)
    make_summary(folder, entries, settings)


def check(made: Mapping[str, Mapping], entries: Mapping[str, Mapping], advice: str) -> None:
    """Raise PublishError if an experiment's results were made with other settings than it has now.

    A method that has come since does not make them invalid.
    """
    for name, entry in made.items():
        if name not in entries:
            raise PublishError(f"there is no experiment {name!r} any more: {advice}")
        before, now = settings_of(entry), settings_of(entries[name])
        compared = {*before, *(key for key in now if not key.startswith("methods: "))}
        if changed := [key for key in compared if before.get(key) != now.get(key)]:
            raise PublishError(f"the results of {name} were made with other settings ({listing(changed)}): {advice}")


def settings_of(entry: Mapping) -> dict:
    """Return what an experiment's results depend on, by the place where it stands in its entry."""
    settings = {key: entry[key] for key in SETTINGS}
    for kind, keys in (("data", DATA_SETTINGS), ("methods", METHOD_SETTINGS)):
        settings |= {f"{kind}: {name}": {key: own[key] for key in keys} for name, own in entry[kind].items()}
    return yaml.safe_load(yaml.safe_dump(settings))  # as it is read back


def profiles_of(folder: Path) -> list[str]:
    """Return the profiles that are published in a folder."""
    return sorted(path.parent.name for path in folder.glob(f"*/{ENTRIES}"))


def published_cards(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the scorecards of the profiles that are published in a folder."""
    return {profile: read_card(folder / profile / "scorecard.csv") for profile in profiles_of(folder)}


def table_of(cards: Mapping[str, pd.DataFrame], folder: str) -> str:
    """Return Markdown tables, one a source, of the claims with verdict, effects and a sentence on each profile's card.

    `folder` is where the profiles' results lie, for the links.
    """
    claims = {
        profile: {(claim["experiment"], claim["id"]): claim for claim in claims_of(card)}
        for profile, card in cards.items()
    }
    known = {key: claim for own in claims.values() for key, claim in own.items()}
    tables = {}
    for key, claim in known.items():
        source = claim["source"]
        profiles = [name for name, own in claims.items() if any(one["source"] == source for one in own.values())]
        head = [f"| claim | {' | '.join(profiles)} |", f"|---|{'---|' * len(profiles)}"]
        cells = [_cell(claims[name].get(key), f"{folder}/{name}") for name in profiles]
        row = markdown_row(f"**{claim['where']}.** {claim['claim']}", *cells)
        tables.setdefault(source, head).append(row)
    return joined({source: "\n".join([*lines, ""]) for source, lines in tables.items()})


def main(profile: str, root: Path = ROOT) -> None:
    """Publish a profile, and renew what is published of the others, where its settings are still those of now."""
    made = next((path for path in (root / "results" / profile, root / PUBLISHED / profile) if read_entries(path)), None)
    if made is None:
        raise PublishError(f"results/{profile}/ has no {ENTRIES}: run the profile to its end first")
    target = publish(Plan.read(read_settings(made) | {"select": list(read_entries(made))}, root), root)
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
                renew(folder, plan.entries(), plan.settings)
    write_readme(root)
    print(f"Published in {target}.")


def _cell(claim: Mapping | None, folder: str) -> str:
    if claim is None:
        return "-"
    if claim["reason"]:
        return f"not run: {claim['reason']}"
    verdict = f"**[{claim['summary']}]({folder}/{claim['experiment']})**"
    return "<br>".join([verdict, *effects_of(claim), *(f"*{sentence}*" for sentence in sentences_of(claim))])


def _reduce(path: Path) -> None:
    """Reduce a picture to 256 colours: of photographs the most frequent, of thin lines the most different ones."""
    method = Image.Quantize.MEDIANCUT if path.stem == "reconstructions" else Image.Quantize.MAXCOVERAGE
    Image.open(path).convert("RGB").quantize(256, method, dither=Image.Dither.NONE).save(path, optimize=True)


def _compress(path: Path) -> None:
    with gzip.GzipFile(f"{path}.gz", "wb", mtime=0) as file:  # the same bytes for the same table
        file.write(path.read_bytes())
    path.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmark.report.publish", description=__doc__.splitlines()[0])
    parser.add_argument("profile", help="profile that was run to its end, such as embedded")
    try:
        main(parser.parse_args().profile)
    except (PublishError, SettingsError) as error:
        sys.exit(str(error))
