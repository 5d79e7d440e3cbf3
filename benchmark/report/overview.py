"""What stands above the experiments of a profile, made of their tables: the scorecard, the manifest and a summary."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import yaml

from benchmark.report.claims import scorecard
from benchmark.report.manifest import manifest_of
from benchmark.report.scorecard import as_markdown
from benchmark.report.tables import as_text, file_of, read_scores, read_table, write
from benchmark.storage import load_yaml, save_json, save_text

ENTRIES = "experiments.yaml"
CONFIG = "config.yaml"


def make_scorecard(folder: Path, entries: Mapping[str, Mapping]) -> None:
    """Judge the claims of experiments by their tables, which lie in `folder`, and write the scorecard there.

    `entries` are the experiments as plain data by name.
    """
    results = {
        name: (read_scores(file_of(folder / name / "scores.csv")), read_table(file_of(folder / name / "curves.csv")))
        for name in entries
    }
    write_scorecard(scorecard(entries, results), folder)


def write_scorecard(card: pd.DataFrame, folder: Path) -> None:
    """Write a scorecard to a folder, as a table and in words."""
    write(card, folder / "scorecard.csv")
    save_text(folder / "scorecard.md", as_markdown(card))


def make_summary(folder: Path, entries: Mapping[str, Mapping], settings: Mapping) -> None:
    """Write manifest, entries and a summary in plain text beside the experiments and the scorecard.

    `settings` are those of the config that decided what the experiments are, which are kept, too.
    """
    scores = {name: read_scores(file_of(folder / name / "scores.csv")) for name in entries}
    save_json(folder / "manifest.json", manifest_of(profile_of(entries), scores))
    for name, content in ((ENTRIES, entries), (CONFIG, settings)):
        save_text(folder / name, yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True))
    texts = [f"{name}\n\n{as_text(read_table(folder / name / 'summary.csv'))}\n" for name in entries]
    written = f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.\n"
    save_text(folder / "summary.txt", "".join([*texts, written]))


def read_entries(folder: Path) -> dict[str, dict]:
    """Return the experiments that the results in a folder are of, as plain data by name; none where it has none."""
    return _read(folder / ENTRIES)


def read_settings(folder: Path) -> dict:
    """Return the settings that the results in a folder were made with; none where it has none."""
    return _read(folder / CONFIG)


def _read(path: Path) -> dict:
    return load_yaml(path) if path.is_file() else {}


def profile_of(entries: Mapping[str, Mapping]) -> str:
    """Return the name of the profile that experiments are cut to."""
    return next(iter(entries.values()))["profile"]
