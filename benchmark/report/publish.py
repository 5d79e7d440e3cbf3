"""Keeps a profile's results in git: `python -m benchmark.report.publish embedded`.

Copies tables and figures, but neither data nor raw estimates, from `results/` to `results/published/`, beside what was
published before of other experiments; makes manifest and index of all; judges the claims again in every published
profile; and writes the scorecards into the README, between its markers. To be small, pictures are reduced to 256
colours, and the tables of single runs and their curves are compressed.
"""

import gzip
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
import yaml
from PIL import Image

from benchmark.plan import ROOT, described, listing, read_datasets
from benchmark.report.claims import ClaimError, effects_of, entries_of, markdown_row, sentences_of
from benchmark.report.overview import CONFIG, make_index, make_scorecard
from benchmark.report.pages import write_table
from benchmark.report.tables import file_of, read_scores, read_summary

PROFILES = ("embedded", "public")
# What an experiment's entry says to readers, and no result depends on.
PROSE = {"title", "mirrors", "departures", "duration"}
MARKED = re.compile(r"(?<=<!-- scorecard -->\n).*?(?=<!-- end of scorecard -->)", re.S)


class PublishError(Exception):
    """Results that cannot be published, with what to do about it."""


def publish(profile: str, root: Path = ROOT) -> Path:
    """Publish the experiments of a profile that lie in `results/`, renew what is made of all, and return their folder.

    Where `results/` has none, scorecards, index and README are made again of what is published, which is what a change
    of the claims asks for. Raise PublishError, and change nothing, if nothing is published either, or if an experiment
    that was published before had other settings than the config of the new ones has.
    """
    source, published = root / "results" / profile, root / "results" / "published"
    target = published / profile
    new, old = _read_config(source), _read_config(target)
    config = new or old
    if not config:
        raise PublishError(f"{source} has no {CONFIG}: run the profile to its end first")
    fresh = new.get("select", [])
    kept = [name for name in old.get("select", []) if name not in fresh and (target / name).is_dir()]
    _check_kept(kept, old, config, target)
    for name in fresh:
        shutil.rmtree(target / name, ignore_errors=True)
        shutil.copytree(source / name, target / name)
        for path in (target / name).rglob("*.png"):
            _reduce(path)
        (target / name / "scores.parquet").unlink(missing_ok=True)  # the same as the CSV
        for path in [target / name / "scores.csv", target / name / "curves.csv"]:
            _compress(path)
    config["select"] = [name for name in config["experiments"] if name in {*fresh, *kept}]
    datasets = read_datasets(config)
    for name in config["select"]:
        own = target / name
        scores, summary = read_scores(file_of(own / "scores.csv")), read_summary(own / "summary.csv")
        write_table(scores, summary, described(name, config, datasets), own / "table.html")
    for folder in (published / name for name in dict.fromkeys((*PROFILES, profile))):
        if known := config if folder == target else _read_config(folder):
            make_scorecard(folder, known, root / "config" / "claims.yaml")
    make_index(target, config)
    readme = root / "README.md"
    table = table_of(published_cards(published), "results/published")
    readme.write_text(MARKED.sub(lambda _: table, readme.read_text(encoding="utf-8")), encoding="utf-8")
    return target


def _reduce(path: Path) -> None:
    """Reduce a picture to 256 colours: of photographs the most frequent, of thin lines the most different ones."""
    method = Image.Quantize.MEDIANCUT if path.stem == "reconstructions" else Image.Quantize.MAXCOVERAGE
    Image.open(path).convert("RGB").quantize(256, method, dither=Image.Dither.NONE).save(path, optimize=True)


def _compress(path: Path) -> None:
    with gzip.GzipFile(f"{path}.gz", "wb", mtime=0) as file:  # the same bytes for the same table
        file.write(path.read_bytes())
    path.unlink()


def _read_config(folder: Path) -> dict:
    """Return the config of the results in a folder, an empty one where there are none."""
    path = folder / CONFIG
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _check_kept(names: Iterable[str], old: Mapping, new: Mapping, target: Path) -> None:
    """Raise PublishError if an experiment was published with other settings than the new ones; prose is none."""
    for name in names:
        methods = read_scores(file_of(target / name / "scores.csv"))["method"].unique()
        before, now = (_settings_of(name, methods, config) for config in (old, new))
        if changed := [key for key in before if before[key] != now.get(key)]:
            settings = listing(changed)
            raise PublishError(
                f"{name} was published with other settings ({settings}): run it again, or delete {target / name}"
            )


def _settings_of(experiment: str, methods: Iterable[str], config: Mapping) -> dict:
    """Return what an experiment's results depend on in a config, by the place where it stands there."""
    entry = config["experiments"].get(experiment, {})
    used = {"datasets": entry.get("datasets", ()), "noise": entry.get("noise", ()), "methods": methods}
    settings = {f"experiments: {experiment}": {key: value for key, value in entry.items() if key not in PROSE}}
    for kind, names in used.items():
        settings |= {f"{kind}: {name}": config[kind].get(name) for name in names}
    return settings


def published_cards(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the scorecards of the profiles that are published in a folder."""
    paths = {profile: folder / profile / "scorecard.csv" for profile in PROFILES}
    return {profile: read_card(path) for profile, path in paths.items() if path.is_file()}


def read_card(path: Path) -> pd.DataFrame:
    """Return a scorecard that was written as CSV; texts that are missing are empty."""
    card = pd.read_csv(path, dtype={"holds": "boolean", "n": "Int64"})
    texts = ["reason", "why", "other", "other_label", "other_metric", "data"]
    return card.astype(dict.fromkeys(texts, "object")).fillna(dict.fromkeys(texts, ""))


def table_of(cards: Mapping[str, pd.DataFrame], folder: str) -> str:
    """Return a Markdown table of the claims with the verdict, the effects and a sentence on each profile's scorecard.

    `folder` is where the profiles' results lie, for the links.
    """
    by_profile = {profile: {entry["id"]: entry for entry in entries_of(card)} for profile, card in cards.items()}
    lines = [f"| claim | {' | '.join(by_profile)} |", f"|---|{'---|' * len(by_profile)}"]
    for name, entry in next(iter(by_profile.values())).items():
        cells = [_cell(entries[name], f"{folder}/{profile}") for profile, entries in by_profile.items()]
        lines.append(markdown_row(f"**{entry['where']}.** {entry['claim']}", *cells))
    return "\n".join([*lines, ""])


def _cell(entry: Mapping, folder: str) -> str:
    if entry["reason"]:
        return f"not run: {entry['reason']}"
    verdict = f"**[{entry['summary']}]({folder}/{entry['experiment']})**"
    return "<br>".join([verdict, *effects_of(entry), *(f"*{sentence}*" for sentence in sentences_of(entry))])


if __name__ == "__main__":
    try:
        print(f"Published in {publish(*sys.argv[1:])}.")
    except (PublishError, ClaimError) as error:
        sys.exit(str(error))
