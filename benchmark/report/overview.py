"""What stands above the experiments of a profile: the scorecard, the manifest and the index, made of their tables."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import yaml

from benchmark.report.claims import scorecard
from benchmark.report.manifest import manifest_of
from benchmark.report.pages import write_index, write_scorecard
from benchmark.report.scorecard import as_markdown, claims_of
from benchmark.report.tables import as_text, file_of, read_scores, read_summary, write
from benchmark.storage import save_json

SCORECARD = ("scorecard.html", "scorecard.csv", "scorecard.md")
ENTRIES = "experiments.yaml"
CONFIG = "config.yaml"


def make_scorecard(folder: Path, entries: Mapping[str, Mapping]) -> None:
    """Judge the claims of experiments by their tables, which lie in `folder`, and write the scorecard there.

    `entries` are the experiments as plain data by name.
    """
    results = {
        name: (read_scores(file_of(folder / name / "scores.csv")), read_summary(file_of(folder / name / "curves.csv")))
        for name in entries
    }
    card = scorecard(entries, results)
    html, csv, markdown = (folder / name for name in SCORECARD)
    write(card, csv)
    write_scorecard(claims_of(card), entries, profile_of(entries), html)
    markdown.write_text(as_markdown(card), encoding="utf-8")


def make_index(folder: Path, entries: Mapping[str, Mapping], settings: Mapping) -> None:
    """Write index, manifest, entries and a summary in plain text beside the experiments and the scorecard.

    `settings` are those of the config that decided what the experiments are, which are kept, too.
    """
    scores = {name: read_scores(file_of(folder / name / "scores.csv")) for name in entries}
    manifest = manifest_of(profile_of(entries), scores)
    save_json(folder / "manifest.json", manifest)
    for name, content in ((ENTRIES, entries), (CONFIG, settings)):
        text = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True)
        (folder / name).write_text(text, encoding="utf-8")
    judged = SCORECARD if any(entry["claims"] for entry in entries.values()) else ()
    files = [path for name in judged if (path := folder / name).is_file()]
    files += [path for entry in entries.values() for path in products_of(folder, entry)]
    details = {"Settings": f"all settings of the experiments: {ENTRIES}; times, memory, machines: manifest.json"}
    write_index(files, entries, scores, manifest, details, folder / "index.html")
    texts = [f"{name}\n\n{as_text(read_summary(folder / name / 'summary.csv'))}\n" for name in entries]
    written = f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.\n"
    (folder / "summary.txt").write_text("".join([*texts, written]), encoding="utf-8")


def read_entries(folder: Path) -> dict[str, dict]:
    """Return the experiments that the results in a folder are of, as plain data by name; none where it has none."""
    return _read(folder / ENTRIES)


def read_settings(folder: Path) -> dict:
    """Return the settings that the results in a folder were made with; none where it has none."""
    return _read(folder / CONFIG)


def _read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}


def products_of(folder: Path, entry: Mapping) -> list[Path]:
    """Return the tables and pictures that there are of an experiment in a folder of results, for pages to link."""
    files = ["table.html", "summary.csv", "scores.csv", "scores.parquet", "curves.csv"]
    pictures = ["sweep"] if entry["sweep"] else []
    pictures += ["/".join(cell) for cell in product(entry["data"], entry["noise"], entry["figures"])]
    home = folder / entry["id"]
    found = [file_of(home / file) for file in files] + [picture_at(home / name) for name in pictures]
    return [path for path in found if path is not None and path.is_file()]


def picture_at(stem: Path) -> Path | None:
    """Return the picture at a path but for its ending, of several the newest."""
    return max(stem.parent.glob(f"{stem.name}.*"), key=lambda path: path.stat().st_mtime, default=None)


def profile_of(entries: Mapping[str, Mapping]) -> str:
    """Return the name of the profile that experiments are cut to."""
    return next(iter(entries.values()))["profile"]
